"""The MariaDB catalog on a real server; what only MySQL writes, on rows as its manual shows them."""

# ruff: noqa: E501 (one drift is one line)

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import pymysql
import pytest
from fixtures.mariadb import MariadbServer
from sqlalchemy import make_url

from driftguard.catalog import mysql
from driftguard.catalog.mysql import code, keys, spelling, tables
from driftguard.catalog.mysql.privileges import hidden_kinds
from driftguard.catalog.mysql.statements import server_of, version_of
from driftguard.schema.catalog import Catalog, Name, Row, Scope, make_catalog, make_object
from driftguard.schema.diff import Difference, diff

SCHEMA = (
    "CREATE TABLE teams (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE)",
    """CREATE TABLE users (
        id INT NOT NULL AUTO_INCREMENT,
        email VARCHAR(80) NOT NULL,
        nick VARCHAR(30) COLLATE utf8mb4_bin DEFAULT 'it''s',
        age INT UNSIGNED DEFAULT 7 COMMENT 'in years',
        price DECIMAL(10,2) NOT NULL DEFAULT 1.50,
        role ENUM('admin','user') NOT NULL DEFAULT 'user',
        active BOOLEAN NOT NULL DEFAULT TRUE,
        profile JSON,
        bio TEXT,
        born DATE,
        created DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
        changed TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
        next_age INT GENERATED ALWAYS AS (age + 1) VIRTUAL,
        secret INT INVISIBLE DEFAULT 3,
        score INT CHECK (score > 0),
        team_id INT,
        boss_id INT,
        PRIMARY KEY (id),
        UNIQUE uq_users_email (email),
        UNIQUE (nick),
        INDEX ix_users_age (age, email(10) DESC),
        FULLTEXT ft_users_bio (bio),
        CHECK (age > 3),
        CONSTRAINT ck_users_price CHECK (price <> 0),
        CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE,
        FOREIGN KEY (boss_id) REFERENCES users (id)
    ) COMMENT 'who may enter'""",
    "CREATE TABLE places (spot POINT NOT NULL, kind CHAR(3), SPATIAL INDEX ix_places_spot (spot)) ROW_FORMAT=COMPRESSED",
    "CREATE TABLE pairs (b INT, a INT, PRIMARY KEY (b, a))",
    """CREATE TABLE log (id INT, year INT) PARTITION BY RANGE (year)
        (PARTITION p0 VALUES LESS THAN (2000), PARTITION p1 VALUES LESS THAN (MAXVALUE))""",
    "CREATE TABLE history (id INT, note VARCHAR(20)) WITH SYSTEM VERSIONING",
    "CREATE SEQUENCE numbers START WITH 5 INCREMENT BY 2",
    "CREATE VIEW adults AS SELECT id, email FROM users WHERE age > 17",
    "CREATE TRIGGER users_before BEFORE INSERT ON users FOR EACH ROW SET NEW.secret = 4",
    "CREATE FUNCTION doubled(value INT) RETURNS INT DETERMINISTIC RETURN value * 2",
    "CREATE PROCEDURE copy_in(IN source INT, OUT target INT) BEGIN SET target = source; END",
    "CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM log",
)

DRIFTS = [
    pytest.param("CREATE TABLE extra (id INT)", "+ table extra", id="a table is added"),
    pytest.param("DROP TABLE pairs", "- table pairs", id="a table is dropped"),
    pytest.param("RENAME TABLE pairs TO couples", "+ table couples, - table pairs", id="a table is renamed"),
    pytest.param("ALTER TABLE pairs ENGINE=MyISAM", "table pairs: engine", id="another engine"),
    pytest.param("ALTER TABLE users COMMENT 'who else'", "table users: comment", id="another comment of a table"),
    pytest.param("ALTER TABLE pairs ROW_FORMAT=COMPRESSED", "table pairs: options", id="a row format is set"),
    pytest.param("ALTER TABLE places ROW_FORMAT=DEFAULT", "table places: options", id="a row format is taken away"),
    pytest.param("ALTER TABLE pairs MAX_ROWS=10", "table pairs: options", id="an option of the engine is set"),
    pytest.param("ALTER TABLE users CONVERT TO CHARACTER SET latin1", "column users.nick: collation, column users.profile: check, type, table users: collation", id="a table is converted"),
    pytest.param("ALTER TABLE teams DEFAULT CHARACTER SET latin1", "column teams.name: collation, table teams: collation", id="another charset for new columns"),
    pytest.param("ALTER TABLE log REORGANIZE PARTITION p0 INTO (PARTITION p00 VALUES LESS THAN (1990), PARTITION p0 VALUES LESS THAN (2000))", "table log: partitions", id="a partition is split"),
    pytest.param("ALTER TABLE log REMOVE PARTITIONING", "table log: partitions", id="partitioning is removed"),
    pytest.param("ALTER TABLE pairs PARTITION BY KEY (a) PARTITIONS 2", "table pairs: partitions", id="a table is partitioned"),
    pytest.param("ALTER TABLE history DROP SYSTEM VERSIONING", "table history: versioning", id="history is no longer kept"),
    pytest.param("ALTER TABLE users ADD COLUMN middle_name VARCHAR(20) AFTER email", "+ column users.middle_name", id="a column is added"),
    pytest.param("ALTER TABLE users DROP COLUMN born", "- column users.born", id="a column is dropped"),
    pytest.param("ALTER TABLE users CHANGE born birthday DATE", "+ column users.birthday, - column users.born", id="a column is renamed"),
    pytest.param("ALTER TABLE users MODIFY born DATETIME", "column users.born: type", id="another type"),
    pytest.param("ALTER TABLE users MODIFY email VARCHAR(90) NOT NULL", "column users.email: type", id="another length"),
    pytest.param("ALTER TABLE users MODIFY price DECIMAL(12,2) NOT NULL DEFAULT 1.50", "column users.price: type", id="another precision"),
    pytest.param("ALTER TABLE users MODIFY created DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(3)", "column users.created: type", id="another precision of a time"),
    pytest.param("ALTER TABLE users MODIFY age INT DEFAULT 7 COMMENT 'in years'", "column users.age: type", id="signed instead of unsigned"),
    pytest.param("ALTER TABLE users MODIFY role ENUM('admin','user','guest') NOT NULL DEFAULT 'user'", "column users.role: type", id="one more value of an enum"),
    pytest.param("ALTER TABLE users MODIFY active TINYINT NOT NULL DEFAULT TRUE", "column users.active: type", id="a boolean becomes a number"),
    pytest.param("ALTER TABLE users MODIFY profile LONGTEXT", "column users.profile: type", id="json becomes text"),
    pytest.param("ALTER TABLE users MODIFY email VARCHAR(80)", "column users.email: nullable", id="NOT NULL is dropped"),
    pytest.param("ALTER TABLE users MODIFY born DATE NOT NULL", "column users.born: nullable", id="NOT NULL is set"),
    pytest.param("ALTER TABLE users ALTER nick SET DEFAULT 'nobody'", "column users.nick: default", id="another default"),
    pytest.param("ALTER TABLE users ALTER price DROP DEFAULT", "column users.price: default", id="a default is dropped"),
    pytest.param("ALTER TABLE users ALTER nick SET DEFAULT ''", "column users.nick: default", id="an empty default"),
    pytest.param("ALTER TABLE teams ALTER name SET DEFAULT 'NULL'", "column teams.name: default", id="the word NULL as a default"),
    pytest.param("ALTER TABLE users ALTER born SET DEFAULT (CURRENT_DATE)", "column users.born: default", id="an expression as a default"),
    pytest.param("ALTER TABLE users MODIFY changed TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP", "column users.changed: on update", id="ON UPDATE is dropped"),
    pytest.param("ALTER TABLE users MODIFY next_age INT GENERATED ALWAYS AS (age + 2) VIRTUAL", "column users.next_age: generated", id="another generated value"),
    pytest.param("ALTER TABLE users MODIFY secret INT DEFAULT 3", "column users.secret: invisible", id="a column becomes visible"),
    pytest.param("ALTER TABLE users MODIFY score INT CHECK (score > 1)", "column users.score: check", id="another check of a column"),
    pytest.param("ALTER TABLE users MODIFY age INT UNSIGNED DEFAULT 7", "column users.age: comment", id="a column's comment is dropped"),
    pytest.param("ALTER TABLE users MODIFY nick VARCHAR(30) DEFAULT 'it''s'", "column users.nick: collation", id="a column takes the table's collation"),
    pytest.param("SET STATEMENT system_versioning_alter_history=KEEP FOR ALTER TABLE history MODIFY note VARCHAR(20) WITHOUT SYSTEM VERSIONING", "column history.note: extra", id="a column without history"),
    pytest.param("ALTER TABLE pairs DROP PRIMARY KEY, ADD PRIMARY KEY (a, b)", "primary key pairs.PRIMARY: columns", id="a primary key in another order"),
    pytest.param("ALTER TABLE pairs DROP PRIMARY KEY", "- primary key pairs.PRIMARY", id="a primary key is dropped"),
    pytest.param("ALTER TABLE places ADD PRIMARY KEY (kind)", "+ primary key places.PRIMARY, column places.kind: nullable", id="a primary key is added"),
    pytest.param("ALTER TABLE users DROP INDEX uq_users_email", "- unique users.uq_users_email", id="a unique is dropped"),
    pytest.param("ALTER TABLE users DROP INDEX nick", "- unique users.nick", id="a unique without a name of its own is dropped"),
    pytest.param("ALTER TABLE users ADD UNIQUE (born)", "+ unique users.born", id="a unique is added"),
    pytest.param("ALTER TABLE users DROP INDEX uq_users_email, ADD UNIQUE uq_users_email (email, born)", "unique users.uq_users_email: columns", id="a unique over more columns"),
    pytest.param("CREATE INDEX ix_users_born ON users (born)", "+ index users.ix_users_born", id="an index is added"),
    pytest.param("DROP INDEX ix_users_age ON users", "- index users.ix_users_age", id="an index is dropped"),
    pytest.param("ALTER TABLE users RENAME INDEX ix_users_age TO ix_age", "+ index users.ix_age, - index users.ix_users_age", id="an index is renamed"),
    pytest.param("CREATE OR REPLACE INDEX ix_users_age ON users (age, email(20) DESC)", "index users.ix_users_age: columns", id="an index with a longer prefix"),
    pytest.param("CREATE OR REPLACE INDEX ix_users_age ON users (age, email(10))", "index users.ix_users_age: columns", id="an index in another direction"),
    pytest.param("CREATE OR REPLACE UNIQUE INDEX ix_users_age ON users (age, email(10) DESC)", "+ unique users.ix_users_age, - index users.ix_users_age", id="an index becomes unique"),
    pytest.param("ALTER TABLE users ALTER INDEX ix_users_age IGNORED", "index users.ix_users_age: visible", id="an index is ignored"),
    pytest.param("ALTER TABLE users DROP INDEX ft_users_bio, ADD INDEX ft_users_bio (bio(20))", "index users.ft_users_bio: columns, method", id="an index that is no longer full text"),
    pytest.param("CREATE OR REPLACE INDEX ix_users_age ON users (age, email(10) DESC) COMMENT 'fast'", "index users.ix_users_age: comment", id="an index with a comment"),
    pytest.param("DROP INDEX ix_places_spot ON places", "- index places.ix_places_spot", id="a spatial index is dropped"),
    pytest.param("ALTER TABLE users DROP FOREIGN KEY fk_users_team", "- foreign key users.fk_users_team", id="a foreign key is dropped"),
    pytest.param("ALTER TABLE users DROP FOREIGN KEY users_ibfk_1", "- foreign key users.users_ibfk_1", id="a foreign key without a name of its own is dropped"),
    pytest.param("ALTER TABLE pairs ADD CONSTRAINT fk_pairs FOREIGN KEY (b) REFERENCES teams (id)", "+ foreign key pairs.fk_pairs", id="a foreign key is added"),
    pytest.param("ALTER TABLE users DROP FOREIGN KEY users_ibfk_1, ADD FOREIGN KEY (boss_id) REFERENCES users (id) ON DELETE SET NULL", "+ foreign key users.users_ibfk_2, - foreign key users.users_ibfk_1", id="a foreign key that does something else"),
    pytest.param("ALTER TABLE users DROP CONSTRAINT ck_users_price", "- check users.ck_users_price", id="a check is dropped"),
    pytest.param("ALTER TABLE users DROP CONSTRAINT CONSTRAINT_1", "- check users.CONSTRAINT_1", id="a check without a name of its own is dropped"),
    pytest.param("ALTER TABLE users ADD CONSTRAINT ck_more CHECK (born > '1900-01-01')", "+ check users.ck_more", id="a check is added"),
    pytest.param("ALTER TABLE users DROP CONSTRAINT ck_users_price, ADD CONSTRAINT ck_users_price CHECK (price <> 1)", "check users.ck_users_price: expression", id="another check"),
    pytest.param("CREATE OR REPLACE VIEW adults AS SELECT id, email FROM users WHERE age > 20", "view adults: definition", id="another view"),
    pytest.param("ALTER SQL SECURITY INVOKER VIEW adults AS SELECT id, email FROM users WHERE age > 17", "view adults: security", id="a view with the rights of whoever asks"),
    pytest.param("ALTER VIEW adults AS SELECT id, email FROM users WHERE age > 17 WITH CHECK OPTION", "view adults: check option", id="a view that checks what is written"),
    pytest.param("DROP VIEW adults", "- view adults", id="a view is dropped"),
    pytest.param("CREATE VIEW more AS SELECT 1 AS one", "+ view more", id="a view is added"),
    pytest.param("DROP TRIGGER users_before", "- trigger users.users_before", id="a trigger is dropped"),
    pytest.param("CREATE OR REPLACE TRIGGER users_before BEFORE INSERT ON users FOR EACH ROW SET NEW.secret = 5", "trigger users.users_before: definition", id="another trigger"),
    pytest.param("CREATE OR REPLACE TRIGGER users_before BEFORE UPDATE ON users FOR EACH ROW SET NEW.secret = 4", "trigger users.users_before: timing", id="a trigger at another time"),
    pytest.param("CREATE TRIGGER more AFTER INSERT ON pairs FOR EACH ROW DELETE FROM log", "+ trigger pairs.more", id="a trigger is added"),
    pytest.param("CREATE OR REPLACE FUNCTION doubled(value INT) RETURNS INT DETERMINISTIC RETURN value * 3", "function doubled: definition", id="another function"),
    pytest.param("CREATE OR REPLACE FUNCTION doubled(value BIGINT) RETURNS INT DETERMINISTIC RETURN value * 2", "function doubled: parameters", id="a function of something else"),
    pytest.param("ALTER FUNCTION doubled SQL SECURITY INVOKER", "function doubled: security", id="a function with the caller's rights"),
    pytest.param("DROP FUNCTION doubled", "- function doubled", id="a function is dropped"),
    pytest.param("CREATE PROCEDURE doubled() SELECT 1", "+ procedure doubled", id="a procedure of a function's name is added"),
    pytest.param("DROP PROCEDURE copy_in", "- procedure copy_in", id="a procedure is dropped"),
    pytest.param("ALTER EVENT nightly DISABLE", "event nightly: status", id="an event is switched off"),
    pytest.param("ALTER EVENT nightly ON SCHEDULE EVERY 2 HOUR", "event nightly: schedule", id="an event more often"),
    pytest.param("DROP EVENT nightly", "- event nightly", id="an event is dropped"),
    pytest.param("ALTER SEQUENCE numbers INCREMENT BY 3", "sequence numbers: definition", id="a sequence with other steps"),
    pytest.param("DROP SEQUENCE numbers", "- sequence numbers", id="a sequence is dropped"),
    pytest.param("CREATE SEQUENCE more", "+ sequence more", id="a sequence is added"),
    pytest.param("ALTER TABLE pairs PAGE_COMPRESSED=1", "table pairs: options", id="pages are compressed"),
    pytest.param("ALTER TABLE pairs STATS_PERSISTENT=1", "table pairs: options", id="statistics are kept"),
    pytest.param("ALTER TABLE pairs CHECKSUM=1", "table pairs: options", id="a table checks its sums"),
    pytest.param("ALTER TABLE pairs ADD SYSTEM VERSIONING", "table pairs: versioning", id="a table begins to keep its history"),
    pytest.param("ALTER TABLE log REORGANIZE PARTITION p1 INTO (PARTITION p1 VALUES LESS THAN (2020), PARTITION p2 VALUES LESS THAN (MAXVALUE))", "table log: partitions", id="a partition is added"),
    pytest.param("ALTER TABLE log DROP PARTITION p0", "table log: partitions", id="a partition is dropped"),
    pytest.param("ALTER TABLE log PARTITION BY HASH (year) PARTITIONS 3", "table log: partitions", id="a table is partitioned otherwise"),
    pytest.param("ALTER TABLE users ADD COLUMN twice INT AS (age * 2) PERSISTENT", "+ column users.twice", id="a stored generated column is added"),
    pytest.param("ALTER TABLE users MODIFY role SET('admin','user') NOT NULL DEFAULT 'user'", "column users.role: type", id="a set instead of an enum"),
    pytest.param("ALTER TABLE users MODIFY role ENUM('user','admin') NOT NULL DEFAULT 'user'", "column users.role: type", id="an enum in another order"),
    pytest.param("ALTER TABLE users MODIFY bio MEDIUMTEXT", "column users.bio: type", id="a text grows"),
    pytest.param("ALTER TABLE users DROP FOREIGN KEY fk_users_team, DROP FOREIGN KEY users_ibfk_1;; ALTER TABLE teams MODIFY id INT NOT NULL", "- foreign key users.fk_users_team, - foreign key users.users_ibfk_1, column teams.id: autoincrement", id="a number without AUTO_INCREMENT"),
    pytest.param("ALTER TABLE pairs ADD COLUMN c INT ZEROFILL", "+ column pairs.c", id="zerofill"),
    pytest.param("ALTER TABLE users MODIFY email VARBINARY(80) NOT NULL", "column users.email: type", id="a binary string"),
    pytest.param("ALTER TABLE users ADD COLUMN token UUID DEFAULT UUID()", "+ column users.token", id="a uuid"),
    pytest.param("ALTER TABLE users DROP FOREIGN KEY fk_users_team;; ALTER TABLE users ADD CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE ON UPDATE CASCADE", "foreign key users.fk_users_team: on update", id="a foreign key that follows updates"),
    pytest.param("ALTER TABLE users DROP FOREIGN KEY fk_users_team;; ALTER TABLE users ADD CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES users (id) ON DELETE CASCADE", "foreign key users.fk_users_team: references", id="a foreign key to another table"),
    pytest.param("ALTER TABLE users ADD INDEX ix_users_next (next_age)", "+ index users.ix_users_next", id="an index over an expression's column"),
    pytest.param("ALTER TABLE users DROP INDEX uq_users_email, ADD INDEX uq_users_email (email)", "+ index users.uq_users_email, - unique users.uq_users_email", id="a unique becomes an index"),
    pytest.param("DROP INDEX ft_users_bio ON users", "- index users.ft_users_bio", id="a full text index is dropped"),
    pytest.param("CREATE FULLTEXT INDEX ft_email ON users (email)", "+ index users.ft_email", id="a full text index is added"),
    pytest.param("ALTER ALGORITHM=MERGE VIEW adults AS SELECT id, email FROM users WHERE age > 17", "view adults: algorithm", id="a view with another algorithm"),
    pytest.param("ALTER VIEW adults (number, mail) AS SELECT id, email FROM users WHERE age > 17", "view adults: definition", id="a view with other column names"),
    pytest.param("RENAME TABLE adults TO grown", "+ view grown, - view adults", id="a view is renamed"),
    pytest.param("CREATE TRIGGER users_first BEFORE INSERT ON users FOR EACH ROW PRECEDES users_before SET NEW.age = 5", "+ trigger users.users_first", id="a trigger before another one"),
    pytest.param("CREATE OR REPLACE TRIGGER users_before AFTER INSERT ON users FOR EACH ROW DELETE FROM log", "trigger users.users_before: definition, timing", id="a trigger after the event"),
    pytest.param("CREATE OR REPLACE FUNCTION doubled(value INT) RETURNS INT READS SQL DATA RETURN value * 2", "function doubled: data access, deterministic", id="a function that reads"),
    pytest.param("CREATE OR REPLACE FUNCTION doubled(value INT) RETURNS BIGINT DETERMINISTIC RETURN value * 2", "function doubled: returns", id="a function of another type"),
    pytest.param("ALTER FUNCTION doubled COMMENT 'x'", "function doubled: comment", id="a function with a comment"),
    pytest.param("CREATE OR REPLACE PROCEDURE copy_in(IN source INT, OUT target INT) BEGIN SET target = source + 1; END", "procedure copy_in: definition", id="a procedure's body"),
    pytest.param("CREATE OR REPLACE PROCEDURE copy_in(INOUT source INT, OUT target INT) BEGIN SET target = source; END", "procedure copy_in: parameters", id="a procedure's direction"),
    pytest.param("CREATE AGGREGATE FUNCTION total(x INT) RETURNS INT BEGIN DECLARE s INT DEFAULT 0; DECLARE CONTINUE HANDLER FOR NOT FOUND RETURN s; LOOP FETCH GROUP NEXT ROW; SET s = s + x; END LOOP; END", "+ function total", id="an aggregate function"),
    pytest.param("ALTER EVENT nightly DO DELETE FROM pairs", "event nightly: definition", id="an event's body"),
    pytest.param("ALTER EVENT nightly RENAME TO daily", "+ event daily, - event nightly", id="an event is renamed"),
    pytest.param("ALTER EVENT nightly ON COMPLETION PRESERVE", "event nightly: on completion", id="an event is kept"),
    pytest.param("ALTER EVENT nightly COMMENT 'x'", "event nightly: comment", id="an event's comment"),
    pytest.param("CREATE EVENT hourly ON SCHEDULE EVERY 1 HOUR DO DELETE FROM log", "+ event hourly", id="an event is added"),
    pytest.param("ALTER SEQUENCE numbers MAXVALUE 500", "sequence numbers: definition", id="a sequence with other bounds"),
    pytest.param("ALTER SEQUENCE numbers CYCLE", "sequence numbers: definition", id="a sequence that cycles"),
    pytest.param("ALTER SEQUENCE numbers CACHE 5", "sequence numbers: definition", id="a sequence with another cache"),
    pytest.param("ALTER TABLE users MODIFY score INT", "column users.score: check", id="a check that is dropped from a column"),
    pytest.param("ALTER TABLE users MODIFY profile LONGTEXT COLLATE utf8mb4_bin", "column users.profile: collation, type", id="a check of a json is dropped"),
    pytest.param("ALTER TABLE pairs COLLATE utf8mb4_bin", "table pairs: collation", id="another collation for new columns"),
]  # fmt: skip

SEEN_ONLY = [
    pytest.param("ALTER TABLE users DROP COLUMN next_age, ADD COLUMN next_age INT GENERATED ALWAYS AS (age + 1) STORED", "column users.next_age: generated", id="a generated column is stored"),
    pytest.param("ALTER TABLE users DROP COLUMN next_age, ADD COLUMN next_age INT", "column users.next_age: generated", id="a generated column becomes an ordinary one"),
    pytest.param("ALTER TABLE pairs ADD COLUMN id INT AUTO_INCREMENT UNIQUE", "+ column pairs.id, + unique pairs.id", id="a numbered column is added"),
    pytest.param("ALTER TABLE pairs ADD COLUMN s DATE, ADD COLUMN e DATE, ADD PERIOD FOR valid(s, e)", "+ check pairs.valid, + column pairs.e, + column pairs.s", id="a period of the application"),
]  # fmt: skip

NO_DRIFTS = [
    pytest.param("DO 0", id="nothing happened"),
    pytest.param("INSERT INTO teams (name) VALUES ('red'), ('blue')", id="rows, and with them the next AUTO_INCREMENT"),
    pytest.param("ALTER TABLE users AUTO_INCREMENT = 500", id="the next AUTO_INCREMENT is set"),
    pytest.param("SELECT NEXT VALUE FOR numbers", id="a sequence counts on"),
    pytest.param("ANALYZE TABLE users", id="statistics"),
    pytest.param("OPTIMIZE TABLE pairs", id="a table is written anew"),
    pytest.param("ALTER TABLE pairs FORCE", id="a table is rebuilt"),
    pytest.param("ALTER TABLE pairs MODIFY a INT(5)", id="another display width"),
    pytest.param("ALTER TABLE users MODIFY email VARCHAR(80) NOT NULL AFTER age", id="another position"),
    pytest.param("ALTER TABLE users MODIFY active BOOL NOT NULL DEFAULT 1", id="an alias of a type"),
    pytest.param("ALTER TABLE users MODIFY price NUMERIC(10,2) NOT NULL DEFAULT '1.50'", id="a number in quotes"),
    pytest.param("ALTER TABLE users MODIFY born DATE DEFAULT NULL", id="the default that there is without one"),
    pytest.param("ALTER TABLE users MODIFY created DATETIME(3) NOT NULL DEFAULT NOW(3)", id="an alias of the moment"),
    pytest.param("ALTER TABLE users MODIFY profile LONGTEXT COLLATE utf8mb4_bin CHECK (json_valid(profile))", id="json spelled out"),
    pytest.param("ALTER TABLE users RENAME INDEX nick TO nick_2", id="another name that the server could have made up"),
    pytest.param("ALTER TABLE users DROP FOREIGN KEY users_ibfk_1, ADD CONSTRAINT users_ibfk_7 FOREIGN KEY (boss_id) REFERENCES users (id)", id="another number of a foreign key"),
    pytest.param("ALTER TABLE users DROP FOREIGN KEY users_ibfk_1, ADD FOREIGN KEY (boss_id) REFERENCES users (id) ON DELETE NO ACTION ON UPDATE RESTRICT", id="actions that are the same as none"),
    pytest.param("ALTER TABLE users DROP CONSTRAINT CONSTRAINT_1, ADD CONSTRAINT CONSTRAINT_9 CHECK (`age`>3)", id="another number of a check"),
    pytest.param("CREATE OR REPLACE VIEW adults AS SELECT users.id, `users`.email FROM users WHERE (age > 17)", id="a view in other words"),
    pytest.param("CREATE OR REPLACE DEFINER = someone@localhost VIEW adults AS SELECT id, email FROM users WHERE age > 17", id="a view that another user defines"),
    pytest.param("CREATE OR REPLACE INDEX ix_users_age USING BTREE ON users (age ASC, email(10) DESC)", id="an index with its defaults spelled out"),
    pytest.param("CREATE OR REPLACE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2031-01-01 00:00:00' DO DELETE FROM log", id="an event that starts at another moment"),
    pytest.param("CREATE TEMPORARY TABLE passing (id INT)", id="a temporary table"),
    pytest.param("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)", id="the version table"),
    pytest.param("ALTER TABLE users MODIFY score INT(9) CHECK (score > 0)", id="display widths"),
    pytest.param("ALTER TABLE users MODIFY age INTEGER UNSIGNED DEFAULT 7 COMMENT 'in years'", id="integer in words"),
    pytest.param("ALTER TABLE users MODIFY email VARCHAR(80) CHARACTER SET utf8mb4 NOT NULL", id="charset spelled out"),
    pytest.param("ALTER TABLE users MODIFY born DATE FIRST", id="columns in another order"),
    pytest.param("ALTER TABLE users DROP INDEX uq_users_email, ADD UNIQUE uq_users_email (email)", id="keys in another order"),
    pytest.param("ALTER TABLE users DROP INDEX ix_users_age, ADD KEY ix_users_age (age, email(10) DESC)", id="index anew"),
    pytest.param("ALTER TABLE users DROP FOREIGN KEY fk_users_team;; ALTER TABLE users ADD CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE", id="a foreign key anew"),
    pytest.param("RENAME TABLE pairs TO couples;; RENAME TABLE couples TO pairs", id="renamed there and back"),
    pytest.param("ALTER TABLE users RENAME COLUMN born TO birth;; ALTER TABLE users RENAME COLUMN birth TO born", id="a column renamed there and back"),
    pytest.param("ALTER TABLE pairs ENGINE=InnoDB", id="engine spelled out"),
    pytest.param("ALTER TABLE users MODIFY email CHARACTER VARYING(80) NOT NULL", id="character varying"),
    pytest.param("ALTER TABLE users MODIFY price DEC(10,2) NOT NULL DEFAULT 1.5", id="fixed and dec"),
    pytest.param("ALTER TABLE users MODIFY age INT UNSIGNED DEFAULT (7) COMMENT 'in years'", id="a default in brackets"),
    pytest.param("ALTER TABLE users MODIFY team_id INT NULL DEFAULT NULL", id="null spelled out"),
    pytest.param("ALTER TABLE users DROP CONSTRAINT ck_users_price, ADD CONSTRAINT ck_users_price CHECK ((price <> 0))", id="check in brackets"),
    pytest.param("ALTER TABLE users DROP CONSTRAINT ck_users_price, ADD CONSTRAINT ck_users_price CHECK (price != 0)", id="check with the other sign"),
    pytest.param("ALTER SEQUENCE numbers RESTART 100", id="a sequence restarts"),
    pytest.param("CHECK TABLE users;; FLUSH TABLES", id="repair and check"),
    pytest.param("DROP TRIGGER users_before;; CREATE TRIGGER users_before BEFORE INSERT ON users FOR EACH ROW SET NEW.secret = 4", id="a trigger anew"),
    pytest.param("DROP FUNCTION doubled;; create function `doubled`(value INTEGER) returns INTEGER deterministic RETURN value * 2", id="a function anew"),
    pytest.param("TRUNCATE TABLE log", id="truncated"),
]  # fmt: skip

SCOPE = Scope(left_out=frozenset({("", "alembic_version")}))


@pytest.fixture(scope="module")
def was(mariadb_server: MariadbServer) -> Catalog:
    url = mariadb_server.create()
    mariadb_server.execute(*SCHEMA, url=url)
    catalog = read(mariadb_server, url)
    mariadb_server.drop(url)
    return catalog


@pytest.fixture
def live(mariadb_server: MariadbServer, mariadb_url: str) -> str:
    mariadb_server.execute(*SCHEMA, url=mariadb_url)
    return mariadb_url


@pytest.mark.parametrize(("statement", "expected"), DRIFTS)
def test_drift_is_told_and_restored(
    mariadb_server: MariadbServer, was: Catalog, live: str, statement: str, expected: str
) -> None:
    mariadb_server.execute(*statement.split(";; "), url=live)
    found = diff(was, read(mariadb_server, live))
    drop_first = sorted(found, key=lambda each: each.was is not None)
    for difference in drop_first:
        mariadb_server.execute(*mysql.restore(difference, was), url=live)
    restored = told(diff(was, read(mariadb_server, live)))
    assert (told(found), restored) == (expected, "")


def test_nothing_is_offered_that_the_server_refuses(mariadb_server: MariadbServer, was: Catalog, live: str) -> None:
    mariadb_server.execute("ALTER TABLE users DROP COLUMN next_age, ADD COLUMN next_age INT", url=live)
    assert [mysql.restore(each, was) for each in diff(was, read(mariadb_server, live))] == [()]


@pytest.mark.parametrize(("statement", "expected"), SEEN_ONLY)
def test_drift_is_told(mariadb_server: MariadbServer, was: Catalog, live: str, statement: str, expected: str) -> None:
    mariadb_server.execute(*statement.split(";; "), url=live)
    assert told(diff(was, read(mariadb_server, live))) == expected


@pytest.mark.parametrize("statement", NO_DRIFTS)
def test_no_drift_is_told(mariadb_server: MariadbServer, was: Catalog, live: str, statement: str) -> None:
    mariadb_server.execute(*statement.split(";; "), url=live)
    assert told(diff(was, read(mariadb_server, live))) == ""


ODD_NAMES = (
    "select",
    "Order",
    "with space",
    "dot.ted",
    "back`tick",
    "com,ma",
    "per%cent",
    "co:lon",
    "quo'te",
    "naïve",
    "(",
)


@pytest.mark.parametrize("odd", ODD_NAMES)
def test_odd_names_are_read_and_restored(mariadb_server: MariadbServer, mariadb_url: str, odd: str) -> None:
    name = "`" + odd.replace("`", "``") + "`"
    mariadb_server.execute(
        "CREATE TABLE parent (id INT PRIMARY KEY)",
        f"CREATE TABLE {name} ({name} INT, other INT DEFAULT 3, PRIMARY KEY ({name}, other), INDEX ix ({name} DESC),"
        f" CHECK ({name} > 3), CONSTRAINT {name} FOREIGN KEY ({name}) REFERENCES parent (id))",
        f"CREATE TABLE child (a INT, b INT, FOREIGN KEY (a, b) REFERENCES {name} ({name}, other) ON DELETE CASCADE)",
        url=mariadb_url,
    )
    expected = read(mariadb_server, mariadb_url)
    assert Name("column", "", odd, odd) in {each.name for each in expected.objects}
    mariadb_server.execute(
        "ALTER TABLE child DROP FOREIGN KEY child_ibfk_1",
        f"DROP TABLE {name}",
        url=mariadb_url,
    )
    missing = diff(expected, read(mariadb_server, mariadb_url))
    for difference in sorted(missing, key=lambda each: each.name.kind != "table"):
        mariadb_server.execute(*mysql.restore(difference, expected), url=mariadb_url)
    assert told(diff(expected, read(mariadb_server, mariadb_url))) == ""


def test_texts_beyond_latin_are_read_and_restored(mariadb_server: MariadbServer, mariadb_url: str) -> None:
    """Not emoji: these servers keep names, comments and defaults in the three-byte utf8mb3."""
    mariadb_server.execute("CREATE TABLE t (a VARCHAR(9) DEFAULT 'Ω''ж' COMMENT '鴨\\\\')", url=mariadb_url)
    expected = read(mariadb_server, mariadb_url)
    mariadb_server.execute("ALTER TABLE t MODIFY a VARCHAR(9)", url=mariadb_url)
    (lost,) = diff(expected, read(mariadb_server, mariadb_url))
    assert [change.was for change in lost.changes] == ["鴨\\", "'Ω''ж'"]
    mariadb_server.execute(*mysql.restore(lost, expected), url=mariadb_url)
    assert read(mariadb_server, mariadb_url) == expected


RESTORED_AFTER = [
    pytest.param(
        ("ALTER TABLE users DROP FOREIGN KEY users_ibfk_1", "ALTER TABLE users DROP COLUMN id"),
        id="a counting column together with its key",
    ),
    pytest.param(("DROP TABLE users",), id="a table with its keys, checks and triggers"),
    pytest.param(("DROP TABLE places",), id="a table with options and a spatial index"),
    pytest.param(("DROP TABLE log", "DROP TABLE history"), id="tables with partitions and history"),
    pytest.param(("ALTER TABLE users DROP COLUMN age, DROP CONSTRAINT CONSTRAINT_1, DROP COLUMN next_age",), id="a column that others need"),
]  # fmt: skip


@pytest.mark.parametrize("statements", RESTORED_AFTER)
def test_what_was_lost_comes_back(
    mariadb_server: MariadbServer, was: Catalog, live: str, statements: tuple[str, ...]
) -> None:
    mariadb_server.execute(*statements, url=live)
    for _ in range(3):
        for difference in diff(was, read(mariadb_server, live)):
            run_if_possible(mariadb_server, live, mysql.restore(difference, was))
    assert told(diff(was, read(mariadb_server, live))) == ""


def run_if_possible(server: MariadbServer, url: str, statements: tuple[str, ...]) -> None:
    """As a user does who runs the statements again until all went through: one may need what another brings."""
    with suppress(pymysql.MySQLError):
        server.execute(*statements, url=url)


def test_order_of_creation_does_not_matter(mariadb_server: MariadbServer, mariadb_url: str) -> None:
    other = mariadb_server.create()
    parents = ("CREATE TABLE a (id INT PRIMARY KEY)", "CREATE TABLE b (id INT PRIMARY KEY)")
    table = "CREATE TABLE c (x INT, y INT, {0}, {1}, {2}, {3})"
    keys = ("FOREIGN KEY (x) REFERENCES a (id)", "FOREIGN KEY (y) REFERENCES b (id)", "CHECK (x > 1)", "CHECK (y > 1)")
    mariadb_server.execute(*parents, table.format(*keys), url=mariadb_url)
    mariadb_server.execute(*reversed(parents), table.format(*reversed(keys)), url=other)
    assert told(diff(read(mariadb_server, mariadb_url), read(mariadb_server, other))) == ""
    mariadb_server.drop(other)


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        pytest.param("CHARACTER SET latin1", "CHARACTER SET utf8mb4", id="tables take the database's charset"),
        pytest.param("COLLATE utf8mb4_unicode_ci", "COLLATE utf8mb4_general_ci", id="tables take its collation"),
    ],
)
def test_the_databases_own_collation_is_no_drift(mariadb_server: MariadbServer, mine: str, theirs: str) -> None:
    urls = [mariadb_server.create(options) for options in (mine, theirs)]
    for url in urls:
        mariadb_server.execute("CREATE TABLE t (a VARCHAR(9), b TEXT, c ENUM('x'))", url=url)
    assert told(diff(*(read(mariadb_server, url) for url in urls))) == ""
    for url in urls:
        mariadb_server.drop(url)


@pytest.mark.parametrize(
    "view",
    [
        pytest.param("SELECT {db}.id FROM {db}", id="a table of the database's name"),
        pytest.param("SELECT {db}.id FROM t AS {db}", id="an alias of the database's name"),
        pytest.param("SELECT t.id, '`{db}`.`t`' AS said FROM t JOIN {db} ON {db}.id = t.id", id="a text that looks alike"),
        pytest.param("SELECT t.id, o.id AS other FROM t JOIN elsewhere.o ON o.id = t.id", id="a table of another database"),
        pytest.param("SELECT {db}.id FROM t AS {db} JOIN elsewhere.o ON o.id = {db}.id", id="both an alias and another database"),
        pytest.param("SELECT f(t.id) AS g, NEXT VALUE FOR s AS n FROM t", id="a function and a sequence"),
    ],
)  # fmt: skip
def test_a_view_reads_alike_in_every_database(mariadb_server: MariadbServer, view: str) -> None:
    schema = (
        "CREATE DATABASE IF NOT EXISTS elsewhere",
        "CREATE TABLE IF NOT EXISTS elsewhere.o (id INT)",
        "CREATE TABLE t (id INT)",
        "CREATE TABLE {db} (id INT)",
        "CREATE SEQUENCE s",
        "CREATE FUNCTION f(x INT) RETURNS INT DETERMINISTIC RETURN x",
        f"CREATE VIEW v AS {view}",
    )
    urls = [mariadb_server.create(), mariadb_server.create()]
    name = make_url(urls[0]).database or ""
    for url in urls:
        mariadb_server.execute(*(statement.replace("{db}", name) for statement in schema), url=url)
    assert told(diff(*(read(mariadb_server, url) for url in urls))) == ""
    for url in urls:
        mariadb_server.drop(url)


def test_scope_names_further_databases_and_what_to_leave_out(mariadb_server: MariadbServer, mariadb_url: str) -> None:
    other = mariadb_server.create()
    name = make_url(other).database or ""
    mariadb_server.execute("CREATE TABLE alembic_version (id INT)", "CREATE TABLE t (id INT PRIMARY KEY)", url=other)
    mariadb_server.execute(
        "CREATE TABLE alembic_version (id INT)",
        f"CREATE TABLE u (id INT, FOREIGN KEY (id) REFERENCES {name}.t (id))",
        url=mariadb_url,
    )
    everything = read(mariadb_server, mariadb_url)
    both = read(mariadb_server, mariadb_url, Scope(frozenset({"", name}), SCOPE.left_out))
    elsewhere = read(mariadb_server, mariadb_url, Scope(frozenset({name})))
    assert [str(each.name) for each in everything.objects if each.name.kind == "table"] == ["u"]
    assert [str(each.name) for each in both.objects if each.name.kind == "table"] == ["u", f"{name}.alembic_version", f"{name}.t"]  # fmt: skip
    assert {each.name.schema for each in elsewhere.objects} == {name}
    assert next(each for each in both.objects if each.name.kind == "foreign key")["references"] == f"{name}.t(id)"
    mariadb_server.drop(mariadb_url)
    mariadb_server.drop(other)


GRANTED = [
    pytest.param("SELECT", ("event", "function", "procedure", "trigger", "view"), id="SELECT shows tables, keys and checks"),
    pytest.param("SELECT, SHOW VIEW, TRIGGER", ("event", "function", "procedure"), id="views and triggers have privileges of their own"),
    pytest.param("ALL PRIVILEGES", ("function", "procedure"), id="other users' routines are closed even to a database's owner"),
]  # fmt: skip


@pytest.mark.parametrize(("granted", "expected"), GRANTED)
def test_what_a_user_cannot_see_is_said(
    mariadb_server: MariadbServer, was: Catalog, live: str, granted: str, expected: tuple[str, ...]
) -> None:
    database = make_url(live).database or ""
    user = f"u_{database[-8:]}"
    mariadb_server.execute(f"CREATE USER {user}@localhost", f"GRANT {granted} ON `{database}`.* TO {user}@localhost")
    seen = read(mariadb_server, mariadb_server.url(database, user))
    assert tuple(text.partition(":")[0] for text in seen.unread) == expected
    hidden = tuple(each for each in was.objects if each.name.kind in expected)
    assert seen.objects == tuple(each for each in was.objects if each not in hidden)
    assert diff(was, seen) == ()
    mariadb_server.execute(f"DROP USER {user}@localhost")


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        pytest.param("SET @own = 1", ("5", "60"), id="nobody waits for ever"),
        pytest.param("SET SESSION max_statement_time = 7, lock_wait_timeout = 2", ("2", "7"), id="the user's own limits"),
    ],
)  # fmt: skip
def test_the_limits_of_the_session(
    mariadb_server: MariadbServer, mariadb_url: str, own: str, expected: tuple[str, str]
) -> None:
    with mariadb_server.connect(mariadb_url) as connection, connection.cursor() as cursor:
        for statement in (own, *mysql.SESSION):
            cursor.execute(statement)
        cursor.execute("SELECT CAST(@@lock_wait_timeout AS CHAR), CAST(ROUND(@@max_statement_time) AS CHAR)")
        assert cursor.fetchone() == expected


def test_reading_writes_nothing(mariadb_server: MariadbServer, mariadb_url: str) -> None:
    with mariadb_server.connect(mariadb_url) as connection, connection.cursor() as cursor:
        for statement in mysql.SESSION:
            cursor.execute(statement)
        with pytest.raises(pymysql.MySQLError, match="READ ONLY"):
            cursor.execute("CREATE TABLE t (id INT)")


@pytest.mark.parametrize(
    ("grants", "expected"),
    [
        pytest.param(("GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION",), "", id="everything"),
        pytest.param(("GRANT SELECT, EVENT, TRIGGER ON *.* TO `u`@`h`",), "", id="whoever reads all tables reads routines"),
        pytest.param(("GRANT USAGE ON *.* TO `u`@`h`", "GRANT SELECT, EVENT, TRIGGER, EXECUTE ON `sh%`.* TO `u`@`h`"), "", id="a pattern that covers the database"),
        pytest.param(("GRANT ALL PRIVILEGES ON `sh\\_p`.* TO `u`@`h`",), "event, function, procedure, trigger", id="a pattern that does not"),
        pytest.param(("GRANT TRIGGER ON `shop`.`users` TO `u`@`h`",), "event, function, procedure, trigger", id="one table's triggers are not all"),
        pytest.param(("GRANT SELECT (`a`, `b`), TRIGGER, EVENT ON `shop`.* TO `u`@`h`",), "function, procedure", id="columns in parentheses"),
    ],
)  # fmt: skip
def test_grants(grants: tuple[str, ...], expected: str) -> None:
    assert ", ".join(hidden_kinds(grants, "shop")) == expected


@pytest.mark.parametrize(
    ("text", "dialect", "version", "since"),
    [
        pytest.param("10.11.6-MariaDB-0+deb12u1", "mariadb", "10.11.6", (10, 6), id="MariaDB"),
        pytest.param("5.5.5-10.4.32-MariaDB-log", "mariadb", "10.4.32", (), id="an older MariaDB as replicas see it"),
        pytest.param("8.0.36-0ubuntu0.22.04.1", "mysql", "8.0.36", (8, 0, 16), id="MySQL 8"),
        pytest.param("9.1.0", "mysql", "9.1.0", (8, 0, 16), id="MySQL 9"),
        pytest.param("5.7.44-log", "mysql", "5.7.44", (), id="MySQL 5.7"),
    ],
)
def test_servers(text: str, dialect: str, version: str, since: tuple[int, ...]) -> None:
    server = server_of(text)
    assert (server.dialect, version_of(text), server.since) == (dialect, version, since)


MYSQL_DEFAULTS = [
    pytest.param(None, "int", "", None, id="none"),
    pytest.param("7", "int", "", "7", id="a number"),
    pytest.param("-1.50", "decimal(10,2)", "", "-1.50", id="a negative number"),
    pytest.param("7", "varchar(9)", "", "'7'", id="a digit as text"),
    pytest.param("it's", "varchar(9)", "", "'it''s'", id="a text with a quote"),
    pytest.param("", "varchar(9)", "", "''", id="an empty text"),
    pytest.param("b'101'", "bit(3)", "", "b'101'", id="bits"),
    pytest.param("2020-01-01", "date", "", "'2020-01-01'", id="a date"),
    pytest.param("CURRENT_TIMESTAMP", "timestamp", "DEFAULT_GENERATED", "current_timestamp()", id="the moment"),
    pytest.param("CURRENT_TIMESTAMP(3)", "datetime(3)", "DEFAULT_GENERATED on update CURRENT_TIMESTAMP(3)", "current_timestamp(3)", id="the moment with a fraction"),
    pytest.param("uuid()", "char(36)", "DEFAULT_GENERATED", "(uuid())", id="an expression"),
    pytest.param("concat(_utf8mb4\\'a\\',`b`)", "varchar(9)", "DEFAULT_GENERATED", "(concat(_utf8mb4'a',`b`))", id="an expression with a text"),
    pytest.param("CURRENT_TIMESTAMP", "varchar(30)", "", "'CURRENT_TIMESTAMP'", id="a text that is no moment"),
]  # fmt: skip


@pytest.mark.parametrize(("default", "column_type", "extra", "expected"), MYSQL_DEFAULTS)
def test_mysql_defaults(default: str | None, column_type: str, extra: str, expected: str | None) -> None:
    expression = spelling.fold_extra(extra).expression_default
    assert spelling.mysql_default(default, column_type, expression=expression) == expected


@pytest.mark.parametrize(
    ("column_type", "expected"),
    [
        pytest.param("int(11)", "int", id="a display width"),
        pytest.param("bigint(20) unsigned", "bigint unsigned", id="a display width before unsigned"),
        pytest.param("year(4)", "year", id="a year"),
        pytest.param("tinyint(4)", "tinyint", id="a small number"),
        pytest.param("tinyint(1)", "tinyint(1)", id="a boolean"),
        pytest.param("int(5) unsigned zerofill", "int(5) unsigned zerofill", id="zeros up to a width"),
        pytest.param("varchar(11)", "varchar(11)", id="a length"),
        pytest.param("enum('int(11)')", "enum('int(11)')", id="a value that looks like a type"),
    ],
)
def test_types(column_type: str, expected: str) -> None:
    assert spelling.fold_type(column_type) == expected


def test_mysql_rows() -> None:
    """Rows as https://dev.mysql.com/doc/refman/8.4/en/information-schema.html describes them."""
    table = ("", "t", "BASE TABLE", "InnoDB", "utf8mb4_0900_ai_ci", "row_format=DYNAMIC ENCRYPTION='Y'", "")
    (made,) = tables.tables([table], [("", "utf8mb4_0900_ai_ci")], [])
    column = ("", "t", "g", "int", "YES", "0", "", "STORED GENERATED", "", "", "(`a` + 1)", "")
    (generated,) = tables.columns([column], [table], [], "mysql")
    index_rows = [
        ("", "t", "ix", "1", "", "lower(`a`)", "A", "", "BTREE", "", "NO"),
        ("", "t", "ix", "1", "b", "", "D", "10", "BTREE", "", "NO"),
    ]
    (index,) = keys.indexes(index_rows, {})
    (check,) = keys.checks([("", "t", "t_chk_1", "(`a` <> _utf8mb4\\'x\\')", "Table", "NO")])
    view_row = ("", "v", "select 1 AS `1`", "NONE", "DEFINER", "UNDEFINED")
    (view,) = code.views([view_row], [("", "v", "x", "int")], "shop")
    assert dict(made.facts) == {"engine": "InnoDB", "options": "row_format=DYNAMIC"}
    assert generated["generated"] == "((`a` + 1)) stored"
    assert dict(index.facts) == {"columns": "(lower(`a`)), b(10) DESC", "visible": "no"}
    assert dict(check.facts) == {"expression": "(`a` <> _utf8mb4'x')", "enforced": "no"} and check.anonymous
    assert dict(view.facts) == {"columns": "x", "definition": "select 1 AS `1`"}


def test_mysql_statements_that_restore() -> None:
    was = make_catalog(
        "mysql",
        "8.0.36",
        [
            make_object(Name("index", "", "t", "ix"), {"columns": "(lower(`a`)), b(10) DESC", "visible": "no"}),
            make_object(Name("view", "", "", "v"), {"columns": "x", "definition": "select 1"}),
        ],
    )
    lost = diff(was, make_catalog("mysql", "8.0.36", []))
    assert [mysql.restore(each, was) for each in lost] == [
        ("ALTER TABLE `t` ADD INDEX `ix` ((lower(`a`)), `b`(10) DESC) INVISIBLE",),
        ("CREATE OR REPLACE VIEW `v` (`x`) AS select 1",),
    ]


def read(server: MariadbServer, url: str, scope: Scope = SCOPE) -> Catalog:
    """The catalog through a plain connection; every value must be text, and no statement may need escaping."""
    with server.connect(url) as connection, connection.cursor() as cursor:

        def query(statement: str) -> Sequence[Row]:
            assert "%" not in statement and ":" not in statement
            cursor.execute(statement)
            rows = cursor.fetchall()
            assert all(value is None or isinstance(value, str) for row in rows for value in row)
            return rows

        for statement in mysql.SESSION:
            cursor.execute(statement)
        return mysql.read(query, scope)


def told(differences: tuple[Difference, ...]) -> str:
    """``+ added, - removed, kind name: changed attributes``, sorted."""
    return ", ".join(sorted(_told(each) for each in differences))


def _told(each: Difference) -> str:
    what = f"{each.name.kind} {each.name}"
    if each.was is None or each.now is None:
        return f"{'+' if each.was is None else '-'} {what}"
    return f"{what}: {', '.join(change.attribute for change in each.changes)}"
