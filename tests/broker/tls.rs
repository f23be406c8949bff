//! TLS, chosen by the URL's scheme, with a certificate of an authority that the system trusts.

use crate::nodes::{Crossing, figure};
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use support::redis_server::Redis;

/// Passes the server's URL to this test when it runs again with its own authority.
const URL: &str = "ORDERBELL_TEST_TLS_URL";

/// Creates a key and a self-signed certificate for loopback.
fn certify(folder: &Path) {
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]);
    openssl.args(["-subj", "/CN=orderbell test", "-addext", "subjectAltName=IP:127.0.0.1"]);
    openssl.args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", "key.pem", "-out", "cert.pem"]);
    let made = openssl.current_dir(folder).output().expect("this test needs openssl: apt-get install openssl");
    assert!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
}

#[actix_rt::test]
async fn events_cross_over_tls_and_an_unknown_certificate_is_refused() {
    if let Ok(url) = std::env::var(URL) {
        return cross(&url).await;
    }
    let folder = tempfile::tempdir().unwrap();
    certify(folder.path());
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let (cert, key) = (file("cert.pem"), file("key.pem"));
    let mut redis = Redis::prepare(&[
        "--tls-port",
        &port,
        "--tls-cert-file",
        &cert,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &cert,
        "--tls-auth-clients",
        "no",
    ]);
    redis.restart();
    let url = format!("rediss://127.0.0.1:{port}");

    let stranger = Crossing::build(&url, &url).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!stranger.one.broker.health.is_healthy(), "its certificate is not trusted");

    let name = std::thread::current().name().unwrap().to_owned();
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", &name, "--nocapture"]).env(URL, url).env("SSL_CERT_FILE", cert);
    let output = again.output().unwrap();
    print!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

async fn cross(url: &str) {
    let nodes = Crossing::build(url, url).await;
    nodes.wait_until_healthy(true, Duration::from_secs(12)).await;
    nodes.act_for(Duration::from_millis(20), Duration::from_secs(1)).await;
    let late = nodes.check(Duration::from_secs(3)).await;
    figure("over TLS", late);
    assert!(late.worst < Duration::from_secs(1));
}
