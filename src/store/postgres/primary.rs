//! The search for the primary among the servers of a URL.

use super::connect::is_primary;
use super::hosts::place;
use futures_util::future::join_all;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgPool, Postgres};
use std::pin::pin;
use std::time::Duration;
use tokio::sync::{Mutex, watch};
use tokio::time::timeout;

/// How long to wait for a connection before looking for the primary. The search then waits as long for the server in use: if
/// that hangs, it must not delay the search.
const SLOW: Duration = Duration::from_millis(500);
/// How long to wait before another search: a pool that is only busy must not flood the servers with connections.
const REST: Duration = Duration::from_millis(250);
/// How long another server may take to say whether it is the primary.
const ANSWER: Duration = Duration::from_secs(2);

/// The servers of a URL. New connections go to the one that was last found to be the primary.
pub struct Servers {
    options: Vec<PgConnectOptions>,
    /// Held during a search for the primary, so that only one runs at a time.
    current: Mutex<usize>,
    moves: watch::Sender<()>,
}

impl Servers {
    /// Begins with the primary that was found at the start.
    pub fn new(options: Vec<PgConnectOptions>, current: usize) -> Self {
        Self { options, current: Mutex::new(current), moves: watch::Sender::default() }
    }

    /// Returns a receiver that changes when another server becomes the primary.
    pub fn moves(&self) -> watch::Receiver<()> {
        self.moves.subscribe()
    }

    /// Returns a connection of the pool. Looks for the primary if none is free within [`SLOW`].
    pub async fn acquire(&self, pool: &PgPool) -> sqlx::Result<sqlx::pool::PoolConnection<Postgres>> {
        if self.options.len() == 1 {
            return pool.acquire().await;
        }
        let mut moves = self.moves();
        let mut acquire = pin!(pool.acquire());
        match timeout(SLOW, &mut acquire).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(_)) => {
                self.seek(pool).await;
                pool.acquire().await
            }
            Err(_) => {
                let move_on = async {
                    self.seek(pool).await;
                    moves.changed().await
                };
                tokio::select! {
                    acquired = &mut acquire => acquired,
                    // Calls that wait for a connection to the former primary may wait in vain, since it may hang.
                    Ok(()) = move_on => pool.acquire().await,
                }
            }
        }
    }

    /// Looks for the primary. If it is another server than before, points the pool to it.
    async fn seek(&self, pool: &PgPool) {
        let Ok(mut current) = self.current.try_lock() else { return };
        let in_use = *current;
        let ask = |(number, options)| is_read_write(options, if number == in_use { SLOW } else { ANSWER });
        let found = join_all(self.options.iter().enumerate().map(ask)).await;
        let Some(next) = found.iter().position(|is_found| *is_found).filter(|_| !found[in_use]) else {
            tokio::time::sleep(REST).await;
            return;
        };
        log::warn!(server:% = place(&self.options[next..=next]); "another server is the primary now");
        *current = next;
        pool.set_connect_options(self.options[next].clone());
        // Idle connections lead to the former primary, and each would have to fail first.
        while let Some(idle) = pool.try_acquire() {
            drop(idle.detach());
        }
        self.moves.send_replace(());
    }
}

/// Whether a server answers in time and takes writes.
async fn is_read_write(options: &PgConnectOptions, patience: Duration) -> bool {
    let ask = async {
        let mut connection = options.connect().await?;
        let answer = is_primary(&mut connection).await?;
        connection.close().await?;
        Ok::<_, sqlx::Error>(answer)
    };
    timeout(patience, ask).await.is_ok_and(|answer| answer.unwrap_or(false))
}
