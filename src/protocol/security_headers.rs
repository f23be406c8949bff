//! Headers that every answer over HTTP carries, refused handshakes among them. Scripts and styles that a browser loads for a
//! page go without those that it looks for on documents alone.

/// For every answer. Pages use the wake lock, full screen, sound, sharing and the clipboard, which stay as they are by
/// default; of the rest nothing is used. `Cross-Origin-Embedder-Policy` is left out: pictures of dishes may come from hosts
/// that do not send what it asks for.
pub const ALWAYS: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    // Table keys stand in the addresses of pages, so no page tells where it was.
    ("referrer-policy", "no-referrer"),
    (
        "permissions-policy",
        "accelerometer=(), camera=(), display-capture=(), encrypted-media=(), geolocation=(), gyroscope=(), hid=(), \
         magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), serial=(), usb=(), xr-spatial-tracking=()",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Those that browsers look for on documents alone.
pub const OF_DOCUMENTS: [&str; 2] = ["permissions-policy", "cross-origin-opener-policy"];

/// For answers that are no page: they load and frame nothing.
pub const NO_PAGE: (&str, &str) = ("content-security-policy", "default-src 'none'; frame-ancestors 'none'");

/// For answers over TLS: a browser that has been here once does not come back without. Other services under the same
/// domain decide for themselves.
pub const TLS: (&str, &str) = ("strict-transport-security", "max-age=31536000");
