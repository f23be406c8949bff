//! [`Nodes`]: the running nodes and their feature levels.

use super::{Backend, Connection, Database};
use crate::domain::values::ids::NodeId;
use crate::domain::values::level::Level;
use crate::store::Result;
use crate::store::error::broken;
use crate::store::nodes::{NodeRow, Nodes};
use async_trait::async_trait;
use sqlx::{query, query_as};
use uuid::Uuid;

statements! {
    REGISTER = "INSERT INTO nodes (node, level, beat) VALUES ($1, $2, 1) \
        ON CONFLICT (node) DO UPDATE SET level = excluded.level, beat = nodes.beat + 1";
    /// A level above all others, so that a stopped node holds no feature back. Nodes of older
    /// versions read it, too.
    LEAVE = "UPDATE nodes SET level = 32767 WHERE node = $1";
    UNREGISTER = "DELETE FROM nodes WHERE node = $1 AND beat = $2";
    FORGET_PROBE = "DELETE FROM write_probes WHERE node = $1";
    NODES = "SELECT node, level, beat FROM nodes WHERE node > $1 ORDER BY node LIMIT $2";
    PROBES = "SELECT node, at FROM write_probes WHERE node > $1 ORDER BY node LIMIT $2";
}

#[async_trait]
impl Nodes for Backend {
    fn node(&self) -> NodeId {
        NodeId::from_uuid(self.node)
    }

    async fn register(&self, level: Level) -> Result<()> {
        let level = i16::try_from(level.number()).map_err(broken)?;
        self.execute(query(REGISTER).bind(self.node).bind(level)).await.map(|_| ())
    }

    async fn leave(&self) -> Result<()> {
        self.execute(query(LEAVE).bind(self.node)).await.map(|_| ())
    }

    async fn unregister(&self, node: NodeId, beat: i64) -> Result<()> {
        self.write(move |c| Box::pin(unregister(c, node.uuid(), beat))).await
    }

    async fn nodes(&self, limit: u32) -> Result<Vec<NodeRow>> {
        let query = query_as::<Database, (Uuid, i16, i64)>(NODES).bind(Uuid::nil()).bind(i64::from(limit));
        let rows = self.read(move |c| Box::pin(async move { Ok(query.fetch_all(c).await?) })).await?;
        let row = |(node, level, beat): (Uuid, i16, i64)| {
            let level = Level::new(level.try_into().map_err(broken)?);
            Ok(NodeRow { node: NodeId::from_uuid(node), level, beat })
        };
        rows.into_iter().map(row).collect()
    }

    async fn probes(&self, limit: u32) -> Result<Vec<(NodeId, i64)>> {
        let query = query_as::<Database, (Uuid, i64)>(PROBES).bind(Uuid::nil()).bind(i64::from(limit));
        let rows = self.read(move |c| Box::pin(async move { Ok(query.fetch_all(c).await?) })).await?;
        Ok(rows.into_iter().map(|(node, at)| (NodeId::from_uuid(node), at)).collect())
    }
}

async fn unregister(connection: &mut Connection, node: Uuid, beat: i64) -> Result<()> {
    let row = query::<Database>(UNREGISTER).bind(node).bind(beat);
    if row.execute(&mut *connection).await?.rows_affected() > 0 {
        query::<Database>(FORGET_PROBE).bind(node).execute(connection).await?;
    }
    Ok(())
}
