//! The reload of a certificate whose files have changed.

use super::certificate::{Certificate, Files, Stamp};
use super::server::TlsServer;
use crate::clock;
use crate::telemetry::{Metrics, causes};
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Watches the files of a certificate that a node serves.
pub struct Reloader {
    files: Files,
    /// The host that the certificate must name.
    host: Option<String>,
    server: TlsServer,
    served: Certificate,
    /// The files at the last attempt. A fault is so logged once for each change.
    seen: Stamp,
    hangup: Signal,
    metrics: Metrics,
}

impl Reloader {
    /// Reads a certificate, serves it, and reports its remaining time.
    ///
    /// # Errors
    /// See [`Certificate::read`], and an error of the operating system.
    pub fn new(files: Files, host: Option<String>, metrics: Metrics) -> anyhow::Result<Self> {
        // Before the read: a change in between is then seen at the next look.
        let seen = files.stamp();
        let served = Certificate::read(&files, host.as_deref(), clock::now())?;
        let server = TlsServer::new(served.clone())?;
        let reloader = Self { files, host, server, served, seen, hangup: signal(SignalKind::hangup())?, metrics };
        reloader.report();
        Ok(reloader)
    }

    /// Returns the server of the certificate.
    #[must_use]
    pub fn server(&self) -> TlsServer {
        self.server.clone()
    }

    /// Looks for a change at every period, and at SIGHUP. Never ends.
    pub async fn run(mut self, period: Duration) {
        loop {
            let is_asked = tokio::select! {
                hangup = self.hangup.recv() => hangup.is_some(),
                () = tokio::time::sleep(period) => false,
            };
            self.look(is_asked).await;
            self.report();
        }
    }

    async fn look(&mut self, is_asked: bool) {
        let (files, host) = (self.files.clone(), self.host.clone());
        let seen = (!is_asked).then(|| self.seen.clone());
        let read = tokio::task::spawn_blocking(move || {
            let stamp = files.stamp();
            (seen.as_ref() != Some(&stamp)).then(|| (stamp, Certificate::read(&files, host.as_deref(), clock::now())))
        });
        let Ok(Some((stamp, read))) = read.await else { return };
        self.seen = stamp;
        match read {
            Ok(certificate) => {
                log::info!(valid_until:% = certificate.ends(); "the certificate is read again; new connections get it");
                self.server.replace(certificate.clone());
                self.served = certificate;
            }
            Err(error) => {
                let cause = causes(&error);
                log::warn!(cause:%, valid_until:% = self.served.ends(); "the new certificate cannot be used; the old one stays");
            }
        }
    }

    /// Sets the metric of the remaining time, which is negative once the certificate has expired.
    fn report(&self) {
        self.metrics.certificate_remaining.set(self.served.ends().seconds() - clock::now().seconds());
    }
}
