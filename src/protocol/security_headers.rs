//! Security headers of HTTP answers, including refused handshakes. Files that a page loads are sent without the headers that
//! matter only for documents.

/// Headers of every answer. Pages use the wake lock, full screen, sound, sharing and the clipboard,
/// which keep their defaults; they use none of the features switched off here.
/// `Cross-Origin-Embedder-Policy` is absent, since pictures of dishes may come from hosts that do
/// not send what it requires.
pub const ALWAYS: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    // The addresses of pages contain table keys, which must not leak in `Referer`.
    ("referrer-policy", "no-referrer"),
    (
        "permissions-policy",
        "accelerometer=(), camera=(), display-capture=(), encrypted-media=(), geolocation=(), gyroscope=(), hid=(), \
         magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), serial=(), usb=(), xr-spatial-tracking=()",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// The headers that browsers read only on documents and workers.
pub const OF_DOCUMENTS: [&str; 3] = ["content-security-policy", "permissions-policy", "cross-origin-opener-policy"];

/// The policy of answers that are not pages, which load nothing and may not be framed.
pub const NO_PAGE: (&str, &str) = ("content-security-policy", "default-src 'none'; frame-ancestors 'none'");

/// The header of answers over TLS: browsers that have seen it use only TLS here. Subdomains decide
/// for themselves.
pub const TLS: (&str, &str) = ("strict-transport-security", "max-age=31536000");
