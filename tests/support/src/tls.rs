//! TLS of a server under test: an authority of the test's own, certificates by it, and a tunnel through which clients without TLS
//! reach the server.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};
use tempfile::TempDir;
use tokio::io::copy_bidirectional_with_sizes;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// With this variable, each server under test serves TLS, and its clients connect through a [`Tunnel`].
const EVERYWHERE: &str = "ORDERBELL_TEST_TLS";
/// The file of the authority's certificate, beside those that it issues.
const ROOT: &str = "ca.pem";
/// The names of a server on loopback.
pub const LOOPBACK: &str = "IP:127.0.0.1,DNS:localhost";
/// The buffers of a tunnel, so small that a client that does not read holds the server up.
const BUFFER: u32 = 8 * 1024;

/// An authority, with its certificates in a folder of its own.
pub struct Authority(TempDir);

/// The files of a certificate.
#[derive(Debug, Clone)]
pub struct Pair {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Pair {
    /// Returns the flags of a server with this certificate.
    pub fn flags(&self) -> [&str; 4] {
        ["--tls-certificate", self.certificate.to_str().unwrap(), "--tls-key", self.key.to_str().unwrap()]
    }

    /// Puts another pair in the place of these files, the certificate first.
    pub fn overwrite(&self, with: &Self) {
        for (new, old) in [(&with.certificate, &self.certificate), (&with.key, &self.key)] {
            let beside = old.with_extension("new");
            fs::copy(new, &beside).unwrap();
            fs::rename(&beside, old).unwrap();
        }
    }
}

impl Authority {
    pub fn new() -> Self {
        let authority = Self(tempfile::tempdir().unwrap());
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key"];
        authority.openssl(&[&["req", "-x509", "-days", "30", "-subj", "/CN=test authority", "-out", ROOT], &key[..]].concat());
        authority
    }

    /// Runs openssl in the folder.
    pub fn openssl(&self, arguments: &[&str]) {
        let made = Command::new("openssl").args(arguments).current_dir(self.0.path()).output();
        let made = made.expect("this test needs openssl: apt-get install openssl");
        assert!(made.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&made.stderr));
    }

    /// Returns the path of a file in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Issues a certificate for these names; one with negative days has expired.
    pub fn certify(&self, name: &str, names: &str, days: i32) -> Pair {
        let file = |ending: &str| format!("{name}.{ending}");
        let (key, request, certificate, extensions) = (file("key"), file("csr"), file("pem"), file("ext"));
        let new = ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=test"];
        self.openssl(&[&new[..], &["-keyout", &key, "-out", &request]].concat());
        let usage = "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth";
        fs::write(self.file(&extensions), format!("subjectAltName={names}\n{usage}\n")).unwrap();
        let sign =
            ["x509", "-req", "-CA", ROOT, "-CAkey", "ca.key", "-CAcreateserial", "-days", &days.to_string()].map(str::to_owned);
        let files = ["-in", &request, "-extfile", &extensions, "-out", &certificate].map(str::to_owned);
        let words = [&sign[..], &files[..]].concat();
        self.openssl(&words.iter().map(String::as_str).collect::<Vec<_>>());
        Pair { certificate: self.file(&certificate), key: self.file(&key) }
    }

    /// Returns an HTTP client that trusts only this authority.
    pub fn browser(&self) -> reqwest::Client {
        let root = reqwest::Certificate::from_pem(&fs::read(self.file(ROOT)).unwrap()).unwrap();
        let browser = reqwest::Client::builder().no_proxy().tls_built_in_root_certs(false).add_root_certificate(root);
        browser.pool_max_idle_per_host(0).build().unwrap()
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns the environment of each server under test.
pub(crate) fn environment() -> Vec<(String, String)> {
    static SHARED: LazyLock<(Authority, Pair)> = LazyLock::new(|| {
        let authority = Authority::new();
        let pair = authority.certify("server", LOOPBACK, 20);
        (authority, pair)
    });
    if std::env::var_os(EVERYWHERE).is_none() {
        return Vec::new();
    }
    let variable = |name: &str, path: &Path| (name.to_owned(), path.to_str().unwrap().to_owned());
    vec![variable("ORDERBELL_TLS_CERTIFICATE", &SHARED.1.certificate), variable("ORDERBELL_TLS_KEY", &SHARED.1.key)]
}

/// Returns the certificate of a server's own authority, beside the server's certificate in its flags or its environment.
pub(crate) fn root(flags: &[String]) -> PathBuf {
    let flag = flags.iter().position(|flag| flag == "--tls-certificate").map(|at| flags[at + 1].clone());
    let set = || environment().into_iter().next().map(|(_, path)| path);
    PathBuf::from(flag.or_else(set).expect("a server with TLS has a certificate")).with_file_name(ROOT)
}

/// Connects to a server over TLS. Trusts only this authority.
pub async fn connect(server: SocketAddr, root: &Path) -> std::io::Result<TlsStream<TcpStream>> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(BUFFER)?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(root).unwrap()).unwrap();
    let versions = ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
    let config = versions.unwrap().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::from(server.ip());
    TlsConnector::from(Arc::new(config)).connect(name, socket.connect(server).await?).await
}

/// A local address whose connections continue over TLS to a server.
pub struct Tunnel {
    /// The address of the server itself, `127.0.0.1:PORT`.
    pub server: String,
    /// The address of the tunnel.
    pub entrance: String,
    task: JoinHandle<()>,
}

impl Tunnel {
    pub async fn open(server: &str, root: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (entrance, target) = (listener.local_addr().unwrap().to_string(), server.parse().unwrap());
        let task = tokio::spawn(async move {
            while let Ok((plain, _)) = listener.accept().await {
                let root = root.clone();
                tokio::spawn(async move { carry(plain, target, &root).await });
            }
        });
        Self { server: server.to_owned(), entrance, task }
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Carries one connection to its end, which may be an error of either side.
async fn carry(mut plain: TcpStream, server: SocketAddr, root: &Path) {
    let _ = plain.set_nodelay(true);
    let _ = socket2::SockRef::from(&plain).set_send_buffer_size(BUFFER as usize);
    if let Ok(mut secure) = connect(server, root).await {
        let _ = secure.get_ref().0.set_nodelay(true);
        let _ = copy_bidirectional_with_sizes(&mut plain, &mut secure, BUFFER as usize, BUFFER as usize).await;
    }
}
