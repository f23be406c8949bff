//! Addresses as QR codes.

use super::problem::Problem;
use crate::protocol::ErrorCode;
use actix_web::HttpResponse;
use qrcode::QrCode;
use qrcode::render::svg;

/// The smallest side of the picture, in pixels.
const SIDE: u32 = 240;

/// Answers with an address as a QR code.
///
/// # Errors
/// `internal` if the address is too long for a QR code (some thousand characters).
pub fn picture(url: &str) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().content_type("image/svg+xml").body(svg(url)?))
}

/// Returns an address as a QR code in SVG.
///
/// # Errors
/// As [`picture`].
pub fn svg(url: &str) -> Result<String, Problem> {
    let code = QrCode::new(url).map_err(|error| {
        log::error!(error:% = error; "address does not fit a qr code");
        Problem::new(ErrorCode::Internal, "the address does not fit into a QR code")
    })?;
    Ok(code.render::<svg::Color<'_>>().min_dimensions(SIDE, SIDE).build())
}
