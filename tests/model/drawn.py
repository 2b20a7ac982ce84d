"""What is drawn by chance for a step."""

from hypothesis import strategies as st

from tests.model.plain.facts import JOBS, PEOPLE

WHO = st.sampled_from(["Divine", "Chika", "Amina", "Bosco", "Divine", "Chika", "Amina", "Bosco", *PEOPLE])
ADMIN = st.sampled_from(["Divine"] * 9 + ["Amina", "Olu", "Vera"])
APPROVER = st.sampled_from(["Chika", "Chika", "Divine", "Divine", "Amina"])
MOST = 8
"""Escrows on one desk: few enough that much happens to each."""
LAST = 6
WHICH = st.integers(0, LAST)
PARTY = st.sampled_from(["Ada", "Ben", "Ada", "Ben", "Cy", "Dee"])
CURRENCY = st.sampled_from(["NGN", "NGN", "NGN", "RWF"])
AMOUNT = st.sampled_from([1, 7, 1_000, 9_999, 15_000, 30_000])
STALE = st.sampled_from([False, False, False, False, False, True])
SHARE = st.sampled_from([0, 1, 3, 5, 9, 10])
POLICY = st.sampled_from(["deadline", "completion", "buffer", "placement"])
HOURS = st.sampled_from([1, 1, 5, 23, 25, 73, 170])
TERMS = st.sampled_from(["paid", "paid", "wallet", "credit", "unpaid"])
RESOLUTION = st.sampled_from(["release_to_seller", "refund_to_buyer", "split", "no_fault"])
JOB = st.sampled_from([*JOBS, "watch"])
HOW = st.sampled_from(["once", "once", "once", "twice", "twice", "dry", "toggle", "repeat", "switch", "once"])
SLOTTED = st.sampled_from(list(JOBS))
PAIRS = [
    ("Ada", "Ben"),
    ("Ben", "Ada"),
    ("Dee", "Ben"),
    ("Ada", "Ben"),
    ("Ben", "Ada"),
    ("Ada", "Cy"),
    ("Ben", "Dee"),
    ("Ada", "Ada"),
]
ORDER = st.fixed_dictionaries(
    {
        "terms": TERMS,
        "pair": st.sampled_from(PAIRS),
        "amount": AMOUNT,
        "currency": CURRENCY,
        "policy": POLICY,
        "fee": SHARE,
        "due": st.sampled_from([None, 2, 30, 100]),
    }
)
VERB = st.sampled_from(["deposit", "owe", "repay", "mandate", "deposit", "owe", "repay", "wallet"])
MANDATE = st.tuples(
    st.sampled_from([None, 1, 50, 100]),
    st.sampled_from([None, 5, 2_000]),
    st.sampled_from([None, 0, 500]),
    st.sampled_from([True, True, False]),
)
"""Percent, the daily maximum, the minimum balance, and whether it is on."""
CORRECTION = st.sampled_from(["reverse", "reverse", "reverse_and_refund", "reverse_and_split"])
