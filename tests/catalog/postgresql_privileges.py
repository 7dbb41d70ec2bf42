"""Drifts of owners and privileges over the base schema, in the notation of ``postgresql_drifts``.

The roles ``reader``, ``writer``, ``Odd "one"`` and ``boss`` are there; nobody has been granted anything.
"""

from __future__ import annotations

import pytest

drift = pytest.param

ROLES = ("reader", "writer", 'Odd "one"', "boss")

RESTORABLE = [
    drift("GRANT SELECT ON users TO reader", "~ table users, privileges", id="table"),
    drift("GRANT SELECT, UPDATE ON users TO reader, writer", "~ table users, privileges", id="two roles"),
    drift("GRANT ALL ON users TO PUBLIC", "~ table users, privileges", id="everybody"),
    drift('GRANT DELETE ON users TO "Odd ""one"""', "~ table users, privileges", id="role with an odd name"),
    drift("GRANT SELECT ON users TO reader WITH GRANT OPTION", "~ table users, privileges", id="may be handed on"),
    drift("REVOKE INSERT, DELETE ON users FROM CURRENT_USER", "~ table users, owner lacks", id="of the owner"),
    drift("REVOKE ALL ON users FROM CURRENT_USER", "~ table users, owner lacks", id="all of the owner"),
    drift("GRANT SELECT (bio) ON users TO reader", "~ column users.bio, privileges", id="column"),
    drift(
        "GRANT SELECT (id, bio), UPDATE (bio) ON users TO reader",
        "~ column users.bio, privileges; ~ column users.id, privileges",
        id="two columns",
    ),
    drift("GRANT SELECT ON measurements_2024 TO reader", "~ table measurements_2024, privileges", id="partition"),
    drift("GRANT SELECT ON active_users TO reader", "~ view active_users, privileges", id="view"),
    drift("GRANT SELECT (id) ON active_users TO reader", "~ view active_users, column id privileges", id="view column"),
    drift("GRANT SELECT ON sales TO reader", "~ materialized view sales, privileges", id="materialized view"),
    drift("GRANT USAGE ON SEQUENCE ticket_number TO writer", "~ sequence ticket_number, privileges", id="sequence"),
    drift(
        "GRANT USAGE ON SEQUENCE users_id_seq TO writer",
        "~ sequence users.users_id_seq, privileges",
        id="sequence of a serial column",
    ),
    drift("GRANT USAGE ON SCHEMA audit TO reader", "~ schema audit, privileges", id="schema"),
    drift("GRANT CREATE ON SCHEMA public TO writer", "~ default schema public, privileges", id="default schema"),
    drift(
        "REVOKE EXECUTE ON FUNCTION normalise(text) FROM PUBLIC",
        "~ function normalise(value text), privileges",
        id="function, not for everybody",
    ),
    drift(
        "GRANT EXECUTE ON FUNCTION normalise(text, text) TO reader",
        "~ function normalise(value text, locale text), privileges",
        id="one of two functions of a name",
    ),
    drift(
        "GRANT EXECUTE ON PROCEDURE clean_up(integer) TO reader",
        "~ procedure clean_up(IN days integer), privileges",
        id="procedure",
    ),
    drift(
        "GRANT EXECUTE ON FUNCTION total(integer) TO reader", "~ aggregate total(integer), privileges", id="aggregate"
    ),
    drift("REVOKE USAGE ON TYPE order_state FROM PUBLIC", "~ enum order_state, privileges", id="enum"),
    drift("GRANT USAGE ON DOMAIN email TO reader", "~ domain email, privileges", id="domain"),
    drift("GRANT USAGE ON TYPE address TO reader", "~ type address, privileges", id="composite type"),
    drift("GRANT USAGE ON FOREIGN SERVER far TO reader", "~ foreign server far, privileges", id="server"),
    drift("ALTER TABLE users OWNER TO boss", "~ table users, owner", id="owner of a table and so of its sequence"),
    drift(
        "ALTER TABLE users OWNER TO boss; GRANT SELECT ON users TO reader",
        "~ table users, owner privileges",
        id="owner and privileges",
    ),
    drift("ALTER VIEW active_users OWNER TO boss", "~ view active_users, owner", id="owner of a view"),
    drift("ALTER SCHEMA audit OWNER TO boss", "~ schema audit, owner", id="owner of a schema"),
    drift(
        "ALTER FUNCTION normalise(text) OWNER TO boss",
        "~ function normalise(value text), owner",
        id="owner of a function",
    ),
    drift("ALTER TYPE order_state OWNER TO boss", "~ enum order_state, owner", id="owner of an enum"),
    drift("ALTER SEQUENCE ticket_number OWNER TO boss", "~ sequence ticket_number, owner", id="owner of a sequence"),
    drift(
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader",
        "+ default privileges FOR ROLE postgres ON TABLES",
        id="default privileges",
    ),
    drift(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA audit GRANT USAGE ON SEQUENCES TO reader",
        "+ default privileges FOR ROLE postgres IN SCHEMA audit ON SEQUENCES",
        id="default privileges in a schema",
    ),
    drift(
        "ALTER DEFAULT PRIVILEGES FOR ROLE boss REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
        "+ default privileges FOR ROLE boss ON FUNCTIONS",
        id="default privileges, not for everybody",
    ),
]

UNCHANGED = [
    drift("GRANT SELECT ON users TO reader; REVOKE SELECT ON users FROM reader", id="granted and revoked"),
    drift("GRANT ALL ON users TO CURRENT_USER", id="what the owner has anyway, and a list in place of none"),
    drift("GRANT EXECUTE ON FUNCTION normalise(text) TO PUBLIC", id="what everybody has anyway"),
    drift("GRANT USAGE ON TYPE order_state TO PUBLIC", id="type that everybody may use anyway"),
    drift("GRANT SELECT (bio) ON users TO reader; REVOKE ALL (bio) ON users FROM reader", id="column, and back"),
    drift("REVOKE INSERT ON users FROM CURRENT_USER; GRANT INSERT ON users TO CURRENT_USER", id="owner, and back"),
    drift("ALTER TABLE users OWNER TO boss; ALTER TABLE users OWNER TO CURRENT_USER", id="another owner, and back"),
    drift(
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader;"
        "ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM reader",
        id="default privileges, and back",
    ),
    drift("GRANT SELECT ON alembic_version TO reader", id="version table"),
    drift("GRANT boss TO reader; GRANT reader TO writer", id="who belongs to whom"),
    drift("ALTER DEFAULT PRIVILEGES FOR ROLE boss GRANT EXECUTE ON FUNCTIONS TO PUBLIC", id="the default as a default"),
]

TWO_WAYS = [
    drift(
        "GRANT SELECT, UPDATE ON users TO reader; GRANT SELECT ON users TO writer",
        "GRANT SELECT ON users TO writer; GRANT UPDATE ON users TO reader; GRANT SELECT ON users TO reader",
        id="another order",
    ),
    drift(
        "GRANT SELECT ON users TO reader WITH GRANT OPTION; GRANT SELECT ON users TO writer",
        "GRANT SELECT ON users TO reader WITH GRANT OPTION;"
        "SET ROLE reader; GRANT SELECT ON users TO writer; RESET ROLE",
        id="granted by another role",
    ),
]

SEEN_ONLY = [
    drift(
        "GRANT USAGE ON SEQUENCE products_id_seq TO writer",
        "~ column products.id, identity privileges",
        id="sequence of an identity column",
    ),
]
