-- Fourteen of the rules in DuckDB: load what they need of the three exports, join it, check it, write what was found.
-- The variables `exports`, `calendars` and `findings` are places that `duckdb_rules.py` sets. Not done here: rows that
-- cannot be used, columns that are missing, unknown evidence, and why and on what evidence something was found.

SET TimeZone = 'UTC';
SET preserve_insertion_order = false;

CREATE MACRO code(cell) AS replace(replace(lower(cell), '-', '_'), ' ', '_');
-- A time as the clock in the policy's zone shows it. One without an offset stands for itself.
CREATE MACRO clock(cell, hours) AS CASE
    WHEN length(cell) > 16 AND (cell[-1] = 'Z' OR cell[-6] IN ('+', '-'))
    THEN cell::TIMESTAMPTZ::TIMESTAMP + to_hours(hours)
    ELSE cell::TIMESTAMP
END;
CREATE MACRO unit(currency) AS CASE currency WHEN 'JPY' THEN 1 WHEN 'KWD' THEN 0.001 ELSE 0.01 END;

-- The last days of terms in business days, by the day from which they run.
CREATE TABLE terms AS
WITH calendars(policy, first_day, file) AS (
    VALUES ('opust', DATE '2018-01-01', '/us-federal.csv'), ('vortexweb', DATE '2022-01-01', '/uae.csv')
), holidays AS (
    SELECT policy, date AS day FROM read_csv(getvariable('calendars') || '/*.csv', filename = true) AS h
    JOIN calendars ON ends_with(h.filename, calendars.file)
), days AS (
    SELECT policy, unnest(generate_series(first_day, DATE '2030-12-31', INTERVAL 1 DAY))::DATE AS day FROM calendars
), business AS (
    SELECT policy, day FROM days WHERE isodow(day) < 6 EXCEPT SELECT policy, day FROM holidays
), numbered AS (
    SELECT days.policy, days.day, count(business.day) OVER (PARTITION BY days.policy ORDER BY days.day) AS number
    FROM days LEFT JOIN business ON business.policy = days.policy AND business.day = days.day
), later AS (
    SELECT policy, row_number() OVER run AS number, lead(day, 2) OVER run AS after_2, lead(day, 5) OVER run AS after_5,
        lead(day, 7) OVER run AS after_7, lead(day, 10) OVER run AS after_10, lead(day, 15) OVER run AS after_15
    FROM business WINDOW run AS (PARTITION BY policy ORDER BY day)
)
SELECT * EXCLUDE (number) FROM numbered JOIN later USING (policy, number);

CREATE TABLE lines AS
SELECT invoice_id, line, account_id, code(policy) AS policy, IF(code(policy) = 'vortexweb', 4, 0) AS hours,
    clock(invoice_date, IF(code(policy) = 'vortexweb', 4, 0))::DATE AS invoiced, upper(currency) AS currency, amount,
    code(payment_method) AS payment_method, clock(paid_on, IF(code(policy) = 'vortexweb', 4, 0))::DATE AS paid
FROM read_csv(getvariable('exports') || '/invoices.csv', header = true, delim = ',', quote = '"', escape = '"', types = {
    invoice_id: 'VARCHAR', line: 'VARCHAR', account_id: 'VARCHAR', policy: 'VARCHAR', invoice_date: 'VARCHAR',
    currency: 'VARCHAR', amount: 'DECIMAL(18,3)', payment_method: 'VARCHAR', paid_on: 'VARCHAR'});

CREATE TABLE invoices AS
SELECT invoice_id, any_value(account_id) AS billed_account, any_value(policy) AS policy, any_value(hours) AS hours,
    any_value(invoiced) AS invoiced, any_value(currency) AS billed_currency, any_value(payment_method) AS payment_method
FROM lines GROUP BY invoice_id;

CREATE TABLE requests AS
SELECT request_id, account_id, line, code(kind) AS kind, clock(submitted_at, hours)::DATE AS submitted,
    code(channel) AS channel, code(reason) AS reason, lower(complex) IN ('true', 'yes', '1') AS is_complex, invoices.*
FROM read_csv(getvariable('exports') || '/requests.csv', header = true, delim = ',', quote = '"', escape = '"', types = {
    request_id: 'VARCHAR', account_id: 'VARCHAR', invoice_id: 'VARCHAR', line: 'VARCHAR', kind: 'VARCHAR',
    submitted_at: 'VARCHAR', channel: 'VARCHAR', reason: 'VARCHAR', complex: 'VARCHAR'}) AS requests
JOIN invoices USING (invoice_id);

-- The first row of a case by `place` is its decision.
CREATE TABLE decisions AS
WITH loaded AS (
    SELECT decision_id, request_id, submitted, policy, billed_currency, code(outcome) AS outcome,
        clock(acknowledged_at, hours)::DATE AS acknowledged, clock(decided_at, hours) AS decided_at, clock(processed_at, hours)::DATE AS processed,
        clock(received_at, hours)::DATE AS received, ifnull(refund_amount, 0) AS refund,
        ifnull(credit_amount, 0) AS credit, ifnull(fee_returned, 0) AS fee_returned, upper(currency) AS currency,
        code(refund_method) AS refund_method, code(remedy) AS remedy
    FROM read_csv(getvariable('exports') || '/decisions.csv', header = true, delim = ',', quote = '"', escape = '"', types = {
        decision_id: 'VARCHAR', request_id: 'VARCHAR', outcome: 'VARCHAR', acknowledged_at: 'VARCHAR',
        decided_at: 'VARCHAR', processed_at: 'VARCHAR', received_at: 'VARCHAR', refund_amount: 'DECIMAL(18,3)',
        credit_amount: 'DECIMAL(18,3)', fee_returned: 'DECIMAL(18,3)', currency: 'VARCHAR', refund_method: 'VARCHAR',
        remedy: 'VARCHAR'}) AS decisions
    JOIN requests USING (request_id)
), ranked AS (
    SELECT *, CASE outcome WHEN 'pending' THEN 2 WHEN 'withdrawn' THEN 1 ELSE 0 END AS rank FROM loaded
)
SELECT * EXCLUDE (currency), decided_at::DATE AS decided,
    ifnull(currency, billed_currency) = billed_currency AS is_comparable,
    row_number() OVER (PARTITION BY request_id 
        ORDER BY rank, IF(rank = 0, decided_at, NULL) NULLS LAST, decision_id) AS place
FROM ranked;

SET VARIABLE as_of = (SELECT greatest((SELECT max(submitted) FROM requests),
    max(acknowledged), max(decided), max(processed), max(received)) FROM decisions);

CREATE TABLE cases AS
WITH events AS (
    SELECT request_id, min(acknowledged) AS acknowledged, bool_or(acknowledged < submitted OR decided < submitted
        OR processed < decided OR received < processed) AS is_out_of_order
    FROM decisions GROUP BY request_id
), joined AS (
    SELECT r.*, d.decision_id, d.outcome, d.decided, d.processed, d.refund, d.credit, d.fee_returned, d.refund_method,
        d.remedy, d.is_comparable, e.acknowledged, e.is_out_of_order,
        ifnull(d.rank = 0, false) AS is_live
    FROM requests AS r LEFT JOIN decisions AS d ON d.request_id = r.request_id AND d.place = 1
    LEFT JOIN events AS e ON e.request_id = r.request_id
    WHERE r.policy <> 'opust' OR r.submitted >= DATE '2025-10-22'
)
SELECT *, is_live AND decided IS NOT NULL AS is_decided,
    is_decided AND outcome <> 'denied' AS is_accepted, is_live AND refund > 0 AS pays,
    is_live AND refund + credit > 0 AS gives_money
FROM joined;

COPY (
    WITH deadlines AS (
        SELECT 'opust.5.2-acknowledgement' AS rule, request_id, decision_id, after_2 AS last_day,
            least(acknowledged, IF(is_decided, decided, NULL)) AS event
        FROM cases JOIN terms ON terms.policy = cases.policy AND terms.day = cases.submitted
        WHERE cases.policy = 'opust' AND kind IN ('refund', 'cancellation', 'quality_claim', 'outage_claim')
            AND outcome IS DISTINCT FROM 'withdrawn'
        UNION ALL
        SELECT 'opust.5.2-decision', request_id, decision_id,
            IF(is_complex, greatest(after_7, submitted + 14), after_7), IF(is_decided, decided, NULL)
        FROM cases JOIN terms ON terms.policy = cases.policy AND terms.day = cases.submitted
        WHERE cases.policy = 'opust' AND kind IN ('refund', 'cancellation', 'quality_claim', 'outage_claim')
            AND outcome IS DISTINCT FROM 'withdrawn'
        UNION ALL
        SELECT 'opust.5.5-processing', request_id, decision_id,
            IF(refund_method = 'check', greatest(after_10, decided + 28), after_10), processed
        FROM cases JOIN terms ON terms.policy = cases.policy AND terms.day = cases.decided
        WHERE cases.policy = 'opust' AND kind <> 'merchant_refund' AND is_accepted AND pays
        UNION ALL
        SELECT 'vortexweb.review', request_id, decision_id, after_5, IF(is_decided, decided, NULL)
        FROM cases JOIN terms ON terms.policy = cases.policy AND terms.day = cases.submitted
        WHERE cases.policy = 'vortexweb' AND kind IN ('refund', 'cancellation') AND outcome IS DISTINCT FROM 'withdrawn'
        UNION ALL
        SELECT 'vortexweb.processing', request_id, decision_id, after_15, processed
        FROM cases JOIN terms ON terms.policy = cases.policy AND terms.day = cases.decided
        WHERE cases.policy = 'vortexweb' AND kind <> 'provider_cancellation' AND is_accepted AND pays
    ), paid AS (
        SELECT c.request_id, any_value(c.decision_id) AS decision_id, any_value(c.refund) - ifnull(sum(l.amount), 0) AS excess,
            any_value(unit(c.billed_currency)) AS unit
        FROM cases AS c LEFT JOIN lines AS l ON l.invoice_id = c.invoice_id AND (c.line IS NULL OR l.line = c.line)
            AND l.paid <= ifnull(c.decided, getvariable('as_of'))
        WHERE c.pays AND c.kind <> 'merchant_refund' AND c.is_comparable
        GROUP BY c.request_id
    )
    SELECT rule, 'deviation' AS verdict, request_id, decision_id, NULL AS amount,
        ifnull(event, getvariable('as_of')) - last_day AS days_late
    FROM deadlines WHERE ifnull(event, getvariable('as_of')) > last_day
    UNION ALL
    SELECT 'general.same-account', 'deviation', request_id, decision_id, IF(is_comparable, refund + credit, NULL), NULL
    FROM cases WHERE gives_money AND account_id <> billed_account
    UNION ALL
    SELECT 'general.one-decision', 'deviation', request_id, decision_id, IF(is_comparable, refund, NULL), NULL
    FROM decisions WHERE rank = 0 AND place > 1 AND (policy <> 'opust' OR submitted >= DATE '2025-10-22')
    UNION ALL
    SELECT 'general.outcome-matches-amount', IF(is_accepted, 'review', 'deviation'), request_id, decision_id,
        IF(is_comparable AND NOT is_accepted, refund + credit, NULL), NULL
    FROM cases WHERE is_decided AND IF(is_accepted, NOT gives_money AND remedy IS DISTINCT FROM 'fix'
        AND remedy IS DISTINCT FROM 'revise'
        AND kind IN ('refund', 'quality_claim', 'outage_claim', 'appeal', 'merchant_refund'), gives_money)
    UNION ALL
    SELECT 'general.refund-after-payment', 'deviation', request_id, decision_id, excess, NULL
    FROM paid WHERE excess > unit
    UNION ALL
    SELECT 'general.chronology', 'deviation', request_id, decision_id, NULL, NULL FROM cases WHERE is_out_of_order
    UNION ALL
    SELECT 'opust.5.1-by-email', 'deviation', request_id, decision_id, NULL, NULL
    FROM cases WHERE policy = 'opust' AND kind = 'refund' AND is_accepted AND channel <> 'email'
    UNION ALL
    SELECT 'opust.5.5-original-method', IF(refund_method = 'check', 'review', 'deviation'), request_id, decision_id, NULL, NULL
    FROM cases WHERE policy = 'opust' AND kind <> 'merchant_refund' AND is_accepted AND pays
        AND refund_method <> payment_method
    UNION ALL
    SELECT 'opust.7.3-fees-not-returned', 'deviation', request_id, decision_id, IF(is_comparable, fee_returned, NULL), NULL
    FROM cases WHERE policy = 'opust' AND kind = 'merchant_refund' AND is_live AND fee_returned > 0
    UNION ALL
    SELECT 'opust.9-billing-error-window', 'deviation', request_id, decision_id, IF(is_comparable, refund + credit, NULL),
        submitted - invoiced - 60
    FROM cases WHERE policy = 'opust' AND kind = 'refund' AND reason = 'billing_error' AND gives_money
        AND submitted > invoiced + 60
) TO (getvariable('findings')) (HEADER);
