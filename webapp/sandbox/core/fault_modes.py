"""The ways in which a provider can be difficult, each with a sentence."""

REFUSE = "refuse"
TIMEOUT_BEFORE = "timeout_before"
TIMEOUT_AFTER = "timeout_after"
ERROR_500 = "error_500"
HTML_502 = "html_502"
RATE_LIMITED = "rate_limited"
REDIRECT = "redirect"
GARBAGE = "garbage"
TRUNCATED = "truncated"
HTML_200 = "html_200"
SLOW = "slow"
EMPTY = "empty"
HUGE = "huge"
WRONG_AMOUNT = "wrong_amount"
WRONG_CURRENCY = "wrong_currency"

LATE = "late"
TWICE = "twice"
SUCCESS_TWICE = "success_twice"
OUT_OF_ORDER = "out_of_order"
UNSIGNED = "unsigned"
WRONGLY_SIGNED = "wrongly_signed"

WEBHOOK = "webhook"
"""The call name under which the faults of webhooks are kept."""
ANY = "*"

WITHOUT_EFFECT = {
    REFUSE: "Answers with a 4xx of the provider's own shape; nothing happened.",
    TIMEOUT_BEFORE: "Never answers; nothing happened. `seconds` is how long it keeps the caller waiting.",
    ERROR_500: "Answers 500 in the provider's shape; nothing happened unless `effect` is true.",
    HTML_502: "Answers 502 with a page of a proxy; nothing happened unless `effect` is true.",
    RATE_LIMITED: "Answers 429 with Retry-After (`seconds`); nothing happened.",
    REDIRECT: "Answers 302 to another host name, where /hooks/redirected writes down whoever follows.",
}
WITH_EFFECT = {
    TIMEOUT_AFTER: "It happened, but the answer never comes. `seconds` is how long it keeps the caller waiting.",
    GARBAGE: "It happened; the answer is bytes that mean nothing, called JSON.",
    TRUNCATED: "It happened; half the answer comes, then the connection is closed.",
    HTML_200: "It happened; the answer is a web page with status 200.",
    SLOW: "It happened; the answer comes one byte at a time, `seconds` apart (1 by default).",
    EMPTY: "It happened; the answer has status 200 and no body.",
    HUGE: "It happened; the answer is 50 MB long.",
    WRONG_AMOUNT: "It happened; the answer's amount is one minor unit short.",
    WRONG_CURRENCY: "It happened; the answer names another currency.",
}
OF_WEBHOOKS = {
    LATE: "The webhook comes `seconds` late (2 by default).",
    TWICE: "The same webhook comes twice.",
    SUCCESS_TWICE: "A success is told twice, in two webhooks of their own.",
    OUT_OF_ORDER: "The webhook comes only after the next one, or after `seconds` (2 by default).",
    UNSIGNED: "The webhook carries no signature.",
    WRONGLY_SIGNED: "The webhook is signed with another key.",
}
FAULT_MODES = WITHOUT_EFFECT | WITH_EFFECT | OF_WEBHOOKS
"""Every fault mode and what it does."""
