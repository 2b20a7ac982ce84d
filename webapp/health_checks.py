"""The health checks behind `desk doctor` and `/readyz`: each check says what it found and what to do."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from tempfile import TemporaryFile

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from webapp import clock, schema
from webapp.db_failures import BUSY, READ_ONLY, failure_of
from webapp.domain.numbers import counted
from webapp.domain.outbox.notify_urls import name_of
from webapp.domain.states import BackupProof
from webapp.migrations import anywhere
from webapp.models import Evidence
from webapp.providers import key_checks
from webapp.providers.blnk import health as blnk_health
from webapp.providers.flutterwave.webhooks import PLAIN
from webapp.providers.messaging import mail_check
from webapp.providers.messaging.apprise import is_understood
from webapp.providers.messaging.smtp import Mail
from webapp.providers.oidc.failures import ProviderSignInFailed
from webapp.runtime import Runtime
from webapp.services.backups import overview
from webapp.services.common import instance
from webapp.services.monitoring import (
    certificates,
    clock_skew,
    database_refusals,
    database_rights,
    provider_health,
    redis_health,
    replication,
)
from webapp.services.monitoring.provider_health import Wiring
from webapp.services.reconciliation import mirror_balances
from webapp.services.scheduling import next_slots, processes
from webapp.services.scheduling.job_health import health
from webapp.services.webhooks import inbox_detail
from webapp.sql import database_now

_SKEW = timedelta(seconds=5)
_NAMED = 5
"""Processes that are told one by one."""
_SAMPLE = 100
"""Files of evidence that are looked for, of the newest and of all."""
_DISK = (1, 5)
"""GiB free: below the first is wrong, below the second a warning."""


@dataclass(frozen=True)
class CheckResult:
    """What one check found: `ok`, `warning` or `wrong`, and what to do."""

    check: str
    verdict: str
    found: str
    do: str = ""


def database(runtime: Runtime) -> CheckResult:
    """Does it answer?"""
    kind = "SQLite" if runtime.db.is_sqlite else "PostgreSQL"
    try:
        with runtime.db.reading() as session:
            session.scalar(select(1))
    except DBAPIError as problem:
        message = str(problem.orig).partition("\n")[0].rstrip(".")
        do = database_refusals.what_to_do(message)
        kept = "doesn't answer" if do == database_refusals.DEFAULT else "can't be used"
        return CheckResult("database", "wrong", f"{kind} {kept}: {message}.", do)
    return CheckResult("database", "ok", f"{kind} answers.")


def writes(runtime: Runtime) -> CheckResult:
    """Does it take changes? A row is written and removed in one commit: only a commit shows that its disk is full.

    A database that is busy with somebody else's changes takes changes.
    """
    try:
        with runtime.db.transaction() as session:
            processes.beat(session, processes.CHECK, clock.now())
            processes.deregister(session, processes.CHECK)
    except DBAPIError as problem:
        failure = failure_of(problem)
        message = str(problem.orig).partition("\n")[0].rstrip(".")
        if failure is READ_ONLY:
            do = "Let DATABASE_URL lead to the primary; if it is that, end its default_transaction_read_only."
            return CheckResult("writes", "wrong", f"The database takes no changes: {message}.", do)
        if failure is not BUSY:
            sentence = failure.sentence if failure else f"{message}."
            do = database_refusals.what_to_do(message, "Look at the database's disk, its role and its log.")
            return CheckResult("writes", "wrong", sentence, do)
    return CheckResult("writes", "ok", "The database takes changes.")


def migration(runtime: Runtime) -> CheckResult:
    """Is it at a revision that this code can work with?"""
    state = schema.look(runtime.db)
    return CheckResult("migrations", "ok" if state.is_usable else "wrong", state.sentence, state.do)


def rights(runtime: Runtime) -> CheckResult:
    """May the role of this desk do its work, and nothing to its records?"""
    with runtime.db.reading() as session:
        found = database_rights.of_this_role(session)
    if found is None:
        return CheckResult("rights", "ok", "SQLite has no roles.")
    if found.lacks:
        missing = f"{found.role} can't work with {', '.join(found.lacks[:_NAMED])}."
        return CheckResult("rights", "wrong", missing, "Let `desk migrate` run as desk_migrate: it grants anew.")
    too_much = [
        *(["is a superuser"] if found.is_superuser else []),
        *(["can make tables"] if found.may_make_tables else []),
        *([f"can change {', '.join(found.may_change)}"] if found.may_change else []),
    ]
    if too_much and runtime.settings.is_production:
        do = "Make the roles with `desk roles`, connect as desk_app, and run `desk migrate` as desk_migrate."
        return CheckResult("rights", "warning", f"{found.role} {' and '.join(too_much)}.", do)
    return CheckResult("rights", "ok", f"{found.role} can do its work.")


def search(runtime: Runtime) -> CheckResult:
    """Are references found by any part of them, or by how they begin?"""
    with runtime.db.reading() as session:
        missing = anywhere.SOUGHT.keys() - anywhere.indexed(session.connection())
    if not missing:
        return CheckResult("search", "ok", "A part of a reference or a name is found by an index.")
    how = "Search finds references and names by how they begin, and by any part of them among the newest only"
    if runtime.db.is_sqlite:
        return CheckResult("search", "ok", f"{how}: this SQLite has no trigrams (it needs 3.34, with FTS5).")
    do = "to change that, let a superuser say CREATE EXTENSION pg_trgm in this database, then run `desk migrate`"
    return CheckResult("search", "ok", f"{how}; {do}.")


def standbys(runtime: Runtime) -> CheckResult:
    """Do as many follow this PostgreSQL as were promised, are they close behind, and does no slot fill its disk?"""
    with runtime.db.reading() as session:
        found = replication.read(session)
    if found is None:
        return CheckResult("standbys", "ok", "SQLite has no standbys.")
    finding = replication.evaluate(found, runtime.settings)
    return CheckResult("standbys", finding.verdict, finding.found, finding.do)


def replica(runtime: Runtime) -> CheckResult:
    """Is the standby that exports and reports are read from close enough behind?"""
    if not runtime.replica.is_set:
        return CheckResult("replica", "ok", "Exports and reports are read from the database itself.")
    problem = runtime.replica.problem()
    if problem:
        do = "Until it is mended, exports and reports burden the database itself; see DATABASE_REPLICA_URL."
        return CheckResult("replica", "warning", f"The standby of DATABASE_REPLICA_URL is not read. {problem}", do)
    return CheckResult("replica", "ok", "Exports and reports are read from a standby, which has caught up.")


def original(runtime: Runtime) -> CheckResult:
    """Is this the database that this host belongs to, and not a copy beside the original?"""
    with runtime.db.reading() as session:
        sentence, is_recorded = instance.mismatch(session), instance.is_recorded(session)
    if sentence:
        do = "Stop the other one for good, then `desk instance confirm --reason …`; or stop this one."
        return CheckResult("instance", "wrong", sentence, do)
    if not is_recorded:
        found = "It is not written down yet which database is the original; the first process that starts does."
        return CheckResult("instance", "ok", found)
    return CheckResult("instance", "ok", "This host and its database belong together.")


def redis(runtime: Runtime) -> CheckResult:
    """Does it take writes, and will it go on taking them?"""
    found = redis_health.examine(runtime.redis)
    return CheckResult("redis", found.verdict, found.found, found.do)


def clocks(runtime: Runtime) -> CheckResult:
    """Do this machine and the database agree what time it is, and is every next slot where its plan has it?"""
    with runtime.db.reading() as session:
        skew, now = clock_skew.measure(session), database_now(session)
        late = [schedule.job for schedule in next_slots.too_late(session, now)]
        allowed = clock_skew.most(runtime.settings)
        others = processes.off(session, now, timedelta(seconds=runtime.settings.silence_seconds), allowed)
    if abs(skew) > allowed:
        do = "Keep both by NTP: workers, scheduler and `desk run` refuse to work until they agree."
        return CheckResult("clock", "wrong", f"{clock_skew.in_words(skew)}; {allowed.seconds} s are allowed.", do)
    if others:
        far = [
            f"{each.name}: {clock_skew.in_words(timedelta(milliseconds=each.skew_ms), each.host)}"
            for each in others[:_NAMED]
        ]
        do = "Keep these machines by NTP: workers and schedulers there do nothing until they agree."
        return CheckResult("clock", "wrong", f"{'; '.join(far)}; {allowed.seconds} s are allowed.", do)
    if late:
        do = "A process had a wrong clock. The scheduler and `desk run` put it right; see Alerts."
        return CheckResult(
            "clock", "wrong", f"Further off than the plan allows: the next slot of {', '.join(late)}.", do
        )
    if abs(skew) > _SKEW:
        return CheckResult("clock", "warning", f"{clock_skew.in_words(skew)}.", "Keep both by NTP.")
    if runtime.db.is_sqlite:
        return CheckResult("clock", "ok", "The database uses this machine's clock.")
    sentence = f"The skew is {skew.total_seconds():.3f} s; {allowed.seconds} s are allowed."
    return CheckResult("clock", "ok", f"This machine and the database agree. {sentence}")


def schedules(runtime: Runtime) -> CheckResult:
    """Is every job on time?"""
    with runtime.db.reading() as session:
        found = health(session, database_now(session))
    if not found:
        return CheckResult(
            "schedules", "warning", "No job is planned yet.", "Start the scheduler: `desk scheduler`, or `desk up`."
        )
    late = [job for job in found if job.late_since]
    if late:
        names = ", ".join(f"{job.job} since {job.late_since:%Y-%m-%d %H:%M}Z" for job in late)
        return CheckResult("schedules", "warning", f"Late: {names}.", "See `desk jobs`; catch up with `desk run NAME`.")
    return CheckResult("schedules", "ok", f"{len(found)} jobs, none is late.")


def alive(runtime: Runtime) -> CheckResult:
    """Are a scheduler and a worker at work?"""
    patience = timedelta(seconds=runtime.settings.silence_seconds)
    with runtime.db.reading() as session:
        kinds = (processes.SCHEDULER, processes.WORKER)
        # By the database's clock, as they beat: a machine whose clock is wrong would find nobody alive.
        now = database_now(session)
        counts = {kind: len(processes.alive(session, kind, now, patience)) for kind in kinds}
    sentence = ", ".join(f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in counts.items())
    silent = [kind for kind, count in counts.items() if not count]
    if silent:
        return CheckResult(
            "processes", "warning", f"At work: {sentence}.", f"Start `desk {silent[0]}`, or everything with `desk up`."
        )
    return CheckResult("processes", "ok", f"At work: {sentence}.")


def providers(runtime: Runtime) -> CheckResult:
    """Do those that are configured answer?"""
    wirings = provider_health.wirings(runtime.settings)
    used = [each.name for each in wirings if each.is_configured]
    off = [f"{each.name} ({', '.join(each.missing)})" for each in wirings if each.missing]
    sentence = f"Configured: {', '.join(used) or 'none'}. Not configured: {', '.join(off) or 'none'}."
    # A test key is said also where the database does not answer.
    if unreal := _unreal(wirings):
        return CheckResult("providers", "wrong", f"{sentence} {unreal}", "Set the live key.")
    with runtime.db.reading() as session:
        found = provider_health.health(session, runtime.settings)
    if unreal := _unreal([each.wiring for each in found]):
        return CheckResult("providers", "wrong", f"{sentence} {unreal}", "Set the live key.")
    failing = [f"{each.line}: {each.state.last_error}" for each in found if each.is_failing and each.state is not None]
    if failing:
        do = "See the page Providers; what waits is sent when they answer again."
        return CheckResult("providers", "warning", f"{sentence} They fail: {'; '.join(failing)}", do)
    return CheckResult("providers", "ok", sentence)


def _unreal(wirings: Sequence[Wiring]) -> str:
    """Whose money would not be real, in sentences."""
    return " ".join(dict.fromkeys(each.unreal for each in wirings if each.unreal))


def tokens(runtime: Runtime) -> CheckResult:
    """Is the access token of Flutterwave v4 fresh?"""
    with runtime.db.reading() as session:
        token = next((each.token for each in provider_health.health(session, runtime.settings) if each.token), None)
    if token is None or not token.failures:
        until = f" It expires at {clock.iso(token.expires_at)}." if token is not None and token.expires_at else ""
        return CheckResult("token", "ok", f"No access token failed to be refreshed.{until}")
    do = "Check FLUTTERWAVE_CLIENT_ID and FLUTTERWAVE_CLIENT_SECRET."
    failed = f"It failed to be refreshed {counted(token.failures, 'time')}: {token.last_error}"
    return CheckResult("token", "warning", failed, do)


def signatures(runtime: Runtime) -> CheckResult:
    """Do Flutterwave's webhooks carry the secret hash itself where a signature is expected?"""
    with runtime.db.reading() as session:
        plain = inbox_detail.refused_lately(session, PLAIN, clock.now())
    if not plain:
        return CheckResult("webhooks", "ok", "No webhook of Flutterwave was refused for a plain signature in a week.")
    sentence = (
        f"Refused in a week in Flutterwave's name: {counted(plain, 'webhook')} that carried the secret hash itself."
    )
    do = "If they come from Flutterwave (its dashboard lists what it sent), set FLUTTERWAVE_WEBHOOK_PLAIN=true."
    return CheckResult("webhooks", "warning", sentence, do)


def keys(runtime: Runtime) -> CheckResult:
    """Does each provider that is configured take our key? Those that could not be asked are named as unknown."""
    asked = [key_checks.check_key(each) for each in runtime.providers.payment_collectors.values()]
    sentence = " ".join(each.sentence for each in asked) or "No provider's key is set."
    refused = [each.name for each in asked if each.is_taken is False]
    if refused:
        variables = ", ".join(f"the key of {name}" for name in refused)
        return CheckResult("keys", "wrong", sentence, f"Set {variables} as its dashboard shows it, and start again.")
    if any(each.is_taken is None for each in asked):
        return CheckResult("keys", "warning", sentence, "See that this machine reaches it, and ask again.")
    return CheckResult("keys", "ok", sentence)


def mail(runtime: Runtime) -> CheckResult:
    """Would the mail server take a letter? It is greeted and told the sender; no letter is sent."""
    settings = runtime.settings
    if not settings.smtp_url:
        return CheckResult("mail", "ok", "No mail server is set: no letters are sent.")
    found = mail_check.check_mail(Mail(settings.smtp_url, settings.mail_from, settings.provider_timeout_seconds))
    return CheckResult("mail", "ok" if found.is_well else "wrong", found.sentence, found.do)


def chats(runtime: Runtime) -> CheckResult:
    """Are the addresses of chats and short messages of a kind that is known? Their keys show only in sending."""
    urls = [*runtime.settings.notify_urls, *runtime.settings.alert_urls]
    if not urls:
        return CheckResult("chats", "ok", "No chat and no service for short messages is set.")
    unknown = [name_of(url) for url in urls if not is_understood(url)]
    if unknown:
        do = "Write them in NOTIFY_URLS and ALERT_URLS as Apprise's page of the service shows."
        return CheckResult("chats", "wrong", f"Apprise does not understand: {', '.join(unknown)}.", do)
    what = f"{counted(len(urls), 'address', 'addresses')} of a kind that is known."
    return CheckResult("chats", "ok", f"{what} Whether their keys are taken is unknown: it shows only in sending.")


def external_ledger(runtime: Runtime) -> CheckResult:
    """Is it up, does it take our key, and was it sent every transfer?"""
    blnk = runtime.providers.blnk
    if blnk is None:
        return CheckResult("ledger", "ok", "The ledger is the desk's own.")
    found = blnk_health.check_health(blnk)
    if not found.is_well:
        return CheckResult("ledger", "wrong", found.sentence, found.do)
    with runtime.db.reading() as session:
        unsent, whole = mirror_balances.unsent(session), mirror_balances.is_whole(session)
    many = counted(unsent, "transfer")
    if not whole:
        return CheckResult("ledger", "warning", f"{found.sentence} Waiting: {many}.", "Run `desk ledger mirror`.")
    return CheckResult("ledger", "ok", f"{found.sentence} Waiting to be sent: {many}.")


def identity_provider(runtime: Runtime) -> CheckResult:
    """Does the company's own sign-in describe itself as it is set, and show keys that the desk takes?"""
    if not runtime.settings.has_identity_provider:
        return CheckResult("sign-in", "ok", "No identity provider is set: people sign in by password.")
    issuer = runtime.settings.oidc_issuer
    try:
        count = runtime.identity_provider.check()
    except ProviderSignInFailed as failure:
        do = "Check OIDC_ISSUER, and that this machine reaches it. Until then nobody signs in through it."
        return CheckResult("sign-in", "wrong", f"{issuer} can't be used: {failure.problem}.", do)
    if not count:
        do = "The provider signs ID tokens by none of its public keys that the desk takes: RS, PS, ES or EdDSA."
        return CheckResult("sign-in", "wrong", f"{issuer} shows no key for signatures.", do)
    return CheckResult("sign-in", "ok", f"{issuer} answers, and shows {count} key{'' if count == 1 else 's'}.")


def dates_of_certificates(runtime: Runtime) -> CheckResult:
    """Do the certificates hold that people, servers and providers are reached under, and for how long?"""
    finding = certificates.examine(runtime.settings, clock.now())
    return CheckResult("certificates", finding.verdict, finding.found, finding.do)


def backups(runtime: Runtime) -> CheckResult:
    """Is there a young backup, and was it restored and found whole?"""
    settings = runtime.settings
    with runtime.db.reading() as session:
        found, too_old = overview.read(session, settings), overview.why_too_old(session, settings, clock.now())
    if too_old:
        do = "Run `desk backup`, and see on Backups what became of the last."
        return CheckResult("backups", "wrong", too_old, do)
    if not found.keep:
        do = "Set BACKUP_KEEP, unless something else backs the database and the evidence up."
        return CheckResult("backups", "warning", overview.OFF, do)
    if found.newest is None:
        return CheckResult("backups", "ok", "The first backup is planned for the coming night.")
    made = f"The newest backup is of {clock.iso(found.newest.started_at)}"
    if found.newest.proof == BackupProof.PROVEN:
        return CheckResult("backups", "ok", f"{made}; it was restored and found whole.")
    why = found.newest.proof_reason or "it waits for its proof."
    return CheckResult("backups", "warning", f"{made} and is not proven: {why}", "See Backups: Restore drill now.")


def disk(runtime: Runtime) -> CheckResult:
    """Does the folder for data take a file, and is there room?"""
    folder = runtime.settings.var_dir.resolve()
    while not folder.exists():
        folder = folder.parent
    try:
        with TemporaryFile(dir=folder) as file:
            file.write(b"desk")
            file.flush()
    except OSError as problem:
        found = f"No file can be written in {folder}: {problem.strerror}."
        return CheckResult("disk", "wrong", found, "Mend the rights or the mount of VAR_DIR, or make room.")
    free = shutil.disk_usage(folder).free / 2**30
    verdict = "wrong" if free < _DISK[0] else "warning" if free < _DISK[1] else "ok"
    return CheckResult(
        "disk", verdict, f"{free:.1f} GiB are free for VAR_DIR.", "Make room, or move VAR_DIR to a larger disk."
    )


def evidence(runtime: Runtime) -> CheckResult:
    """Are the newest files of evidence, and some of the others, where the database has them?"""
    with runtime.db.reading() as session:
        kept = select(Evidence.stored_as).where(Evidence.stored_as.is_not(None))
        names = set(session.scalars(kept.order_by(Evidence.id.desc()).limit(_SAMPLE)))
        names |= set(session.scalars(kept.order_by(Evidence.sha256).limit(_SAMPLE)))
    sampled = f"{counted(len(names), 'file')} of evidence looked for."
    store, bucket = runtime.evidence, runtime.settings.evidence_bucket
    try:
        if bucket:
            (store / ".desk-doctor").write_bytes(b"")
            (store / ".desk-doctor").unlink(missing_ok=True)
        gone = [name for name in names if name and not (store / name).is_file()]
    except OSError as problem:
        do = "See EVIDENCE_BUCKET and the settings that begin with S3, and the rights of the key."
        return CheckResult("evidence", "wrong", f"It can't be asked: {problem.strerror}.", do)
    if gone:
        found = f"{sampled} Not in {'EVIDENCE_BUCKET' if bucket else 'VAR_DIR/evidence'}: {len(gone):,}."
        do = "Set it to the place that has them, or take them from a backup; see evidence in the handbook."
        return CheckResult("evidence", "wrong", found, do)
    return CheckResult("evidence", "ok", f"{sampled} All are there.")


CHECKS: dict[str, Callable[[Runtime], CheckResult]] = {
    "database": database,
    "writes": writes,
    "migrations": migration,
    "rights": rights,
    "search": search,
    "standbys": standbys,
    "replica": replica,
    "instance": original,
    "redis": redis,
    "clock": clocks,
    "schedules": schedules,
    "processes": alive,
    "providers": providers,
    "token": tokens,
    "webhooks": signatures,
    "keys": keys,
    "mail": mail,
    "chats": chats,
    "ledger": external_ledger,
    "sign-in": identity_provider,
    "certificates": dates_of_certificates,
    "disk": disk,
    "evidence": evidence,
    "backups": backups,
}
ALWAYS_ASKED = frozenset(
    {"database", "redis", "providers", "mail", "chats", "ledger", "sign-in", "certificates", "disk"}
)
"""Those that say something although the database does not answer; each of the others would only wait for it again."""
