"""touched units"""

import sqlalchemy as sa
from alembic import op

revision = 'a90c41d7be52'
down_revision = '77f353411b56'
branch_labels = None
depends_on = None

# An update may move a record to another unit: then both are touched.
_EVENTS = {'insert': ('NEW',), 'update': ('NEW', 'OLD'), 'delete': ('OLD',)}
_SQLITE = """
    DELETE FROM touched WHERE source = '{table}' AND unit_id = {row}.unit_id;
    INSERT INTO touched (source, unit_id, stamp) VALUES ('{table}', {row}.unit_id, hex(randomblob(16)));
"""
# Nobody waits for anybody: every transaction has a stamp of its own.
_POSTGRESQL = """
CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    mark text := txid_current() || '@' || extract(epoch FROM transaction_timestamp());
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM touched WHERE source = TG_TABLE_NAME;
        RETURN NULL;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO touched (source, unit_id, stamp) VALUES (TG_TABLE_NAME, NEW.unit_id, mark) ON CONFLICT DO NOTHING;
    END IF;
    IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND OLD.unit_id <> NEW.unit_id) THEN
        INSERT INTO touched (source, unit_id, stamp) VALUES (TG_TABLE_NAME, OLD.unit_id, mark) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.create_table('touched',
    sa.Column('source', sa.String(length=16), nullable=False),
    sa.Column('unit_id', sa.String(length=64), nullable=False),
    sa.Column('stamp', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('source', 'unit_id', 'stamp')
    )
    sqlite = op.get_bind().dialect.name == 'sqlite'
    if not sqlite:
        op.execute(_POSTGRESQL)
    for table in ('publication', 'submission'):
        # What was there before has a stamp too: none but this database's own, whatever copy of it is put back one day.
        mark = 'hex(randomblob(16))' if sqlite else 'md5(random()::text || clock_timestamp()::text)'
        op.execute(f"INSERT INTO touched SELECT '{table}', unit_id, {mark} FROM {table} GROUP BY unit_id")
        if not sqlite:
            op.execute(
                f'CREATE TRIGGER touched_{table} AFTER INSERT OR UPDATE OR DELETE ON {table}'
                ' FOR EACH ROW EXECUTE FUNCTION touched()'
            )
            op.execute(
                f'CREATE TRIGGER touched_{table}_all AFTER TRUNCATE ON {table}'
                ' FOR EACH STATEMENT EXECUTE FUNCTION touched()'
            )
            continue
        for event, rows in _EVENTS.items():
            for row in rows:
                moved = ' WHEN OLD.unit_id <> NEW.unit_id' if (event, row) == ('update', 'OLD') else ''
                op.execute(
                    f'CREATE TRIGGER touched_{table}_{event}_{row.lower()} AFTER {event.upper()} ON {table}{moved}'
                    f' BEGIN {_SQLITE.format(table=table, row=row)} END'
                )


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == 'sqlite'
    for table in ('publication', 'submission'):
        if not sqlite:
            for name in (f'touched_{table}', f'touched_{table}_all'):
                op.execute(f'DROP TRIGGER {name} ON {table}')
            continue
        for event, rows in _EVENTS.items():
            for row in rows:
                op.execute(f'DROP TRIGGER touched_{table}_{event}_{row.lower()}')
    if not sqlite:
        op.execute('DROP FUNCTION touched()')
    op.drop_table('touched')
