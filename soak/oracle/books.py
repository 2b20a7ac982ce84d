"""The ledger and the escrows: money is neither made nor lost, and what is held leaves once."""

from soak.oracle.findings import DOUBLED, LOST, WRONG, Rule

RULES = (
    Rule(
        "a transfer's entries sum to zero",
        WRONG,
        """SELECT 'transfer', transfer_id, 'is off by', sum(amount), currency FROM entry
           GROUP BY transfer_id, currency HAVING sum(amount) <> 0""",
    ),
    Rule(
        "a currency's entries sum to zero",
        WRONG,
        "SELECT currency, 'is off by', sum(amount) FROM entry GROUP BY currency HAVING sum(amount) <> 0",
    ),
    Rule(
        "a transfer has entries",
        LOST,
        """SELECT 'transfer', id, reference, 'has no entries' FROM transfer t
           WHERE NOT EXISTS (SELECT FROM entry e WHERE e.transfer_id = t.id)""",
    ),
    Rule(
        "an entry has a transfer of its currency",
        WRONG,
        """SELECT 'entry', e.id, 'stands alone' FROM entry e
           LEFT JOIN transfer t ON t.id = e.transfer_id AND t.currency = e.currency WHERE t.id IS NULL""",
    ),
    Rule(
        "a transfer's amount is what its entries move",
        WRONG,
        """SELECT 'transfer', t.id, 'says', t.amount, 'and moves', sum(e.amount)
           FROM transfer t JOIN entry e ON e.transfer_id = t.id AND e.amount > 0
           GROUP BY t.id, t.amount HAVING sum(e.amount) <> t.amount""",
    ),
    Rule(
        "a balance is the sum of its entries",
        WRONG,
        """SELECT 'account', a.id, a.kind, 'says', a.balance, 'and has', coalesce(sum(e.amount), 0)
           FROM account a LEFT JOIN entry e ON e.account_id = a.id
           GROUP BY a.id HAVING a.balance <> coalesce(sum(e.amount), 0)""",
    ),
    Rule(
        "no account is beyond its floor or ceiling",
        WRONG,
        """SELECT 'account', id, kind, 'has', balance FROM account WHERE balance < floor OR balance > ceiling
           OR (kind IN ('wallet', 'pending', 'escrow') AND balance < 0) OR (kind = 'receivable' AND balance > 0)""",
    ),
    Rule(
        "no wallet was ever below zero",
        WRONG,
        """SELECT 'account', account_id, 'had', low FROM (
             SELECT account_id, min(running) AS low FROM (
               SELECT e.account_id, sum(e.amount) OVER (PARTITION BY e.account_id ORDER BY e.transfer_id) AS running
               FROM entry e JOIN account a ON a.id = e.account_id AND a.kind = 'wallet') r GROUP BY account_id) l
           WHERE low < 0""",
    ),
    Rule(
        "a hold leaves once",
        DOUBLED,
        """SELECT 'escrow', t.escrow_id, 'left', count(*), 'times' FROM transfer t
           WHERE t.escrow_id IS NOT NULL AND t.kind IN ('release', 'refund', 'split', 'earning')
           AND NOT EXISTS (SELECT FROM transfer r WHERE r.reverses_id = t.id)
           GROUP BY t.escrow_id, t.hold_no HAVING count(*) > 1""",
    ),
    Rule(
        "a hold is made once",
        DOUBLED,
        """SELECT 'escrow', escrow_id, 'was held', count(*), 'times' FROM transfer
           WHERE escrow_id IS NOT NULL AND kind IN ('hold', 'credit', 'pending_earning')
           GROUP BY escrow_id, hold_no HAVING count(*) > 1""",
    ),
    Rule(
        "what is closed was paid",
        LOST,
        """SELECT 'escrow', id, 'is', status, 'and nothing left' FROM escrow e
           WHERE status IN ('released', 'refunded', 'split') AND NOT EXISTS (
             SELECT FROM transfer t WHERE t.escrow_id = e.id AND t.hold_no = e.hold_no
             AND t.kind IN ('release', 'refund', 'split', 'earning'))""",
    ),
    Rule(
        "what is held or void has not left",
        WRONG,
        """SELECT 'escrow', e.id, 'is', e.status, 'and left by', t.reference FROM escrow e
           JOIN transfer t ON t.escrow_id = e.id AND t.hold_no = e.hold_no
           AND t.kind IN ('release', 'refund', 'split', 'earning')
           WHERE e.status NOT IN ('released', 'refunded', 'split')""",
    ),
    Rule(
        "what leaves is what was held",
        WRONG,
        """SELECT 'escrow', e.id, 'held', e.amount, 'and', sum(n.amount), 'left' FROM escrow e
           JOIN transfer t ON t.escrow_id = e.id AND t.hold_no = e.hold_no
             AND t.kind IN ('release', 'refund', 'split', 'earning')
           JOIN entry n ON n.transfer_id = t.id AND n.account_id = e.held_account_id
           GROUP BY e.id, e.amount HAVING sum(n.amount) <> -e.amount""",
    ),
    Rule(
        "the pools hold what is held",
        WRONG,
        """SELECT 'account', a.id, a.kind, 'has', a.balance, 'for', coalesce(sum(e.amount), 0) FROM account a
           LEFT JOIN escrow e ON e.held_account_id = a.id AND e.status = 'held'
           WHERE a.kind IN ('escrow', 'pending') GROUP BY a.id HAVING a.balance <> coalesce(sum(e.amount), 0)""",
    ),
    Rule(
        "freezes are counted",
        WRONG,
        """SELECT 'escrow', e.id, 'says', e.freezes, 'freezes' FROM escrow e WHERE e.freezes <>
           (SELECT count(*) FROM "freeze" f WHERE f.escrow_id = e.id AND f.lifted_at IS NULL)""",
    ),
    Rule(
        "what is disputed is held",
        WRONG,
        """SELECT 'escrow', e.id, 'is', e.status, 'under dispute', d.ref FROM escrow e
           JOIN dispute d ON d.escrow_id = e.id AND d.status NOT IN ('resolved', 'withdrawn')
           WHERE e.status <> 'held'""",
    ),
    Rule(
        "nothing leaves while it is frozen, but by the decision that ends the freeze",
        WRONG,
        """SELECT 'escrow', t.escrow_id, 'left by', t.reference, 'while frozen by', f.cause FROM transfer t
           JOIN "freeze" f ON f.escrow_id = t.escrow_id AND f.at < t.at AND (f.lifted_at IS NULL OR f.lifted_at > t.at)
           WHERE t.run_id IS NOT NULL AND t.kind IN ('release', 'earning')""",
    ),
    Rule(
        "a reference is used once",
        DOUBLED,
        "SELECT 'transfer', reference, count(*), 'times' FROM transfer GROUP BY reference HAVING count(*) > 1",
    ),
)
