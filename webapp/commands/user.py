"""`desk user`: the people who sign in."""

import sys
from datetime import timedelta
from getpass import getpass

import click

from webapp import clock
from webapp.commands.shared import desk, json_option, operator, print_json
from webapp.domain.permissions import ROLES
from webapp.errors import Conflict, Invalid, NotFound
from webapp.models import User
from webapp.runtime import Runtime
from webapp.services.notifications.messages import invitation_letters
from webapp.services.users import first_administrator, identities, invitations, one_time_links, passwords, users


@click.group("user")
def command() -> None:
    """Add, disable and reset the people who sign in."""


@command.command("add")
@click.argument("email")
@click.option("--name", help="Their name; by default the address's first part.")
@click.option(
    "--role", "roles", multiple=True, required=True, type=click.Choice(list(ROLES)), help="May be given more than once."
)
@click.option("--zone", default="UTC", show_default=True, help="Their time zone.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--generate", is_flag=True, help="Make a password and print it once.")
@json_option
def add(
    email: str, name: str | None, roles: tuple[str, ...], zone: str, password_stdin: bool, generate: bool, as_json: bool
) -> None:
    """Add a user. Asks for the password unless it is read from standard input or generated."""
    password = passwords.generated() if generate else _password(password_stdin)
    with desk() as runtime, runtime.db.transaction() as session:
        user = users.create(
            session,
            email=email,
            name=name or email.partition("@")[0],
            roles=roles,
            password=password,
            at=clock.now(),
            actor=operator(),
            zone=zone,
            must_change_password=generate,
        )
    _say(user, f"{user.email} may sign in as {', '.join(roles)}.", password if generate else None, as_json)


@command.command("first-link")
@json_option
def first_link(as_json: bool) -> None:
    """Print a link for the first administrator of an empty desk: it works once, for a day. Former ones are void."""
    with desk() as runtime:
        address = first_address(runtime)
    if address is None:
        raise Conflict("This desk has a user already. Add others with: desk user add EMAIL --role ROLE --generate")
    if as_json:
        print_json({"link": address})
        return
    click.echo(address)


def first_address(runtime: Runtime) -> str | None:
    """The whole address of a new link for the first administrator; None when the desk has a user."""
    with runtime.db.transaction() as session:
        secret = first_administrator.issue(session, at=clock.now(), actor=operator())
    return None if secret is None else first_administrator.address(runtime.settings.public_address, secret)


@command.command("invite")
@click.argument("email")
@click.option(
    "--role", "roles", multiple=True, required=True, type=click.Choice(list(ROLES)), help="May be given more than once."
)
@json_option
def invite(email: str, roles: tuple[str, ...], as_json: bool) -> None:
    """Print a link by which EMAIL becomes a user with a password of their own: once, within a week."""
    secret = one_time_links.new_secret()
    with desk() as runtime, runtime.db.transaction() as session:
        link = invitations.invite(session, email=email, roles=roles, secret=secret, at=clock.now(), actor=operator())
    address = f"{runtime.settings.public_address}{invitation_letters.PATH}{one_time_links.WITH_SECRET}{secret}"
    if as_json:
        print_json({"id": link.id, "email": link.email, "link": address})
        return
    click.echo(address)


@command.command("disable")
@click.argument("email")
@json_option
def disable(email: str, as_json: bool) -> None:
    """Let a user sign in no more, and end every sign-in."""
    with desk() as runtime, runtime.db.transaction() as session:
        user = users.disable(session, _id_of(runtime, email), at=clock.now(), actor=operator())
    _say(user, f"{user.email} can't sign in any more.", None, as_json)


@command.command("reset")
@click.argument("email")
@click.option("--second-factor", is_flag=True, help="Turn off their second factor too, passkeys included: it is lost.")
@json_option
def reset(email: str, second_factor: bool, as_json: bool) -> None:
    """Give a user a new password, printed once, and end every sign-in."""
    with desk() as runtime:
        user_id = _id_of(runtime, email)
        with runtime.db.transaction() as session:
            password = users.reset(session, user_id, at=clock.now(), actor=operator(), second_factor_too=second_factor)
            user = users.find(session, user_id)
    _say(user, f"{user.email} must choose another password after the next sign-in.", password, as_json)


@command.command("link")
@click.argument("email")
@click.argument("subject")
@json_option
def link(email: str, subject: str, as_json: bool) -> None:
    """Link a user to the identity provider's SUBJECT, where it verifies no addresses."""
    with desk() as runtime:
        user_id = _id_of(runtime, email)
        with runtime.db.transaction() as session:
            identities.link(session, user_id, subject, runtime.settings, at=clock.now(), actor=operator())
            user = users.find(session, user_id)
    _say(user, f"{user.email} signs in through {runtime.settings.oidc_issuer} as {subject}.", None, as_json)


@command.command("unlink")
@click.argument("email")
@json_option
def unlink(email: str, as_json: bool) -> None:
    """Forget who a user is at the identity provider, and end every sign-in."""
    with desk() as runtime:
        user_id = _id_of(runtime, email)
        with runtime.db.transaction() as session:
            known_as = identities.of_user(session, user_id)
            for each in known_as:
                identities.unlink(session, user_id, each.id, at=clock.now(), actor=operator())
            user = users.find(session, user_id)
    if not known_as:
        raise NotFound(f"{email} is linked to no identity.")
    _say(user, f"{user.email} is unlinked. Whoever comes next with their verified address is linked.", None, as_json)


@command.command("open-password")
@click.argument("email")
@click.option("--minutes", type=click.IntRange(1, 1440), default=60, show_default=True, help="For how long.")
@json_option
def open_password(email: str, minutes: int, as_json: bool) -> None:
    """Take a user's password for a while although PASSWORD_SIGN_IN is off: the identity provider is away.

    Who has none gets one by `desk user reset`.
    """
    at = clock.now()
    until = at + timedelta(minutes=minutes)
    with desk() as runtime:
        user_id = _id_of(runtime, email)
        with runtime.db.transaction() as session:
            users.open_password(session, user_id, until, at=at, actor=operator())
            user = users.find(session, user_id)
    page = f"{runtime.settings.public_address}/sign-in?with=password"
    _say(user, f"{user.email} may sign in by password until {clock.iso(until)}, at {page}", None, as_json)


def _id_of(runtime: Runtime, email: str) -> int:
    with runtime.db.reading() as session:
        user = users.by_email(session, email)
    if user is None:
        raise NotFound(f"There is no user {email}.")
    return user.id


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise Invalid("Say where the password comes from: --password-stdin or --generate.")
    first = getpass("Password: ")
    if first != getpass("Once more: "):
        raise Invalid("The two passwords differ.")
    return first


def _say(user: User, sentence: str, password: str | None, as_json: bool) -> None:
    if as_json:
        details = {"id": user.id, "email": user.email, "active": user.active}
        print_json(details | ({"password": password} if password else {}))
        return
    click.echo(sentence)
    if password:
        click.echo(f"Password, shown this once: {password}")
