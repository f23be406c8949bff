//! Statements of the registry of nodes.

statements! {
    REGISTER = "INSERT INTO nodes (node, level, beat) VALUES ($1, $2, 1) \
        ON CONFLICT (node) DO UPDATE SET level = excluded.level, beat = nodes.beat + 1";
    UNREGISTER = "DELETE FROM nodes WHERE node = $1";
    UNREGISTER_AT = "DELETE FROM nodes WHERE node = $1 AND beat = $2";
    FORGET_PROBE = "DELETE FROM write_probes WHERE node = $1";
    NODES = "SELECT node, level, beat FROM nodes WHERE node > $1 ORDER BY node LIMIT $2";
    PROBES = "SELECT node, at FROM write_probes WHERE node > $1 ORDER BY node LIMIT $2";
}
