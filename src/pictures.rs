//! Turns pictures that managers upload into the files that guests load. A picture is decoded, turned upright, made smaller and
//! encoded again. This leaves out everything but the pixels: places, cameras, comments.
//!
//! One thread of low priority works on one picture at a time. Bound: [`WAITING`] pictures wait for it; the next one is refused.

use crate::clock;
use crate::domain::model::picture::{MAX_RATIO, MAX_WIDTH, widths};
use crate::domain::values::ids::PictureId;
use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, Rgb, RgbImage};
use sha2::{Digest, Sha256};
use std::io::{BufReader, Cursor, ErrorKind, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;
use tokio::sync::oneshot;

/// The most bytes of an upload.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;
/// The most pixels of an upload, which take up to 100 MB while they are worked on.
pub const MAX_PIXELS: u64 = 25_000_000;
/// The longest side of an upload in pixels.
const MAX_SIDE: u32 = 16_000;
/// The shortest side of an upload in pixels.
const MIN_SIDE: u32 = 16;
/// The most bytes of the decoded pixels. More of them take a decoder long, from however few bytes of an upload.
const MAX_DECODED: u64 = 4 * MAX_PIXELS;
/// The most memory of a decoder beside the pixels.
const MAX_ALLOC: u64 = 256 * 1024 * 1024;
/// The pictures that wait for the thread.
const WAITING: usize = 4;
/// The longest time from the end of an upload to its files.
const DEADLINE: Duration = Duration::from_secs(30);
/// The bytes of an upload after which its decoder checks whether somebody waits for the files.
const CHUNK: usize = 4096;
/// The quality of the files, of 100.
const QUALITY: u8 = 80;
/// The priority of the thread: the lowest.
const NICE: i32 = 19;

/// A picture in all of its sizes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sizes {
    /// The digest of all files.
    pub id: PictureId,
    /// The height of the largest one.
    pub height: u16,
    /// Each width with its file, a JPEG; narrowest first.
    pub files: Vec<(u16, Vec<u8>)>,
}

impl Sizes {
    /// Returns the width of the largest size.
    #[must_use]
    pub fn width(&self) -> u16 {
        self.files.last().map_or(0, |(width, _)| *width)
    }
}

/// Why an upload does not become a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The content has no supported type, whatever the header says.
    #[error("the picture must be a JPEG, PNG or WebP")]
    Kind,
    /// The content cannot be decoded.
    #[error("the picture is damaged")]
    Damaged,
    /// Too many pixels.
    #[error("the picture is too large: it may have {} million pixels, and {MAX_SIDE} on a side", MAX_PIXELS / 1_000_000)]
    Large,
    /// Too narrow, too low, or too long compared with its other side.
    #[error(
        "each side of the picture must have {MIN_SIDE} pixels or more, and no more than {MAX_RATIO} times those of the other"
    )]
    Shape,
    /// Too many pictures wait, or it took too long.
    #[error("other pictures are being worked on; send it again in a moment")]
    Busy,
}

struct Job {
    upload: Bytes,
    answer: oneshot::Sender<Result<Sizes, Refused>>,
}

/// The thread that works on pictures.
#[derive(Clone)]
pub struct Workshop {
    jobs: SyncSender<Job>,
}

impl Workshop {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn start() -> std::io::Result<Self> {
        let (jobs, waiting) = sync_channel(WAITING);
        std::thread::Builder::new().name("pictures".to_owned()).spawn(move || work(&waiting))?;
        Ok(Self { jobs })
    }

    /// Makes the files of an upload.
    ///
    /// Cancel safety: an upload that nobody waits for any longer is dropped before it is worked on.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn make(&self, upload: Bytes) -> Result<Sizes, Refused> {
        let (answer, made) = oneshot::channel();
        self.jobs.try_send(Job { upload, answer }).map_err(|error| match error {
            TrySendError::Full(_) | TrySendError::Disconnected(_) => Refused::Busy,
        })?;
        match tokio::time::timeout(DEADLINE, made).await {
            Ok(Ok(made)) => made,
            Ok(Err(_)) | Err(_) => Err(Refused::Busy),
        }
    }
}

fn work(waiting: &Receiver<Job>) {
    // Commands and screens come first. If the priority cannot be set, the work is done all the same.
    if let Err(error) = rustix::process::nice(NICE) {
        log::debug!(error:%; "pictures are worked on at the usual priority");
    }
    while let Ok(Job { upload, answer }) = waiting.recv() {
        if answer.is_closed() {
            continue;
        }
        let begun = clock::uptime();
        // A decoder that panics on hostile input must not end the thread.
        let made = catch_unwind(AssertUnwindSafe(|| make(&upload, &|| answer.is_closed()))).unwrap_or(Err(Refused::Damaged));
        log::debug!(took:? = clock::uptime().since(begun), is_good = made.is_ok(); "a picture was worked on");
        let _ = answer.send(made);
    }
}

/// Makes the files of an upload, unless they are no longer wanted.
fn make(upload: &[u8], is_unwanted: &dyn Fn() -> bool) -> Result<Sizes, Refused> {
    let upright = decode(upload, is_unwanted)?;
    let (width, height) = (upright.width(), upright.height());
    let largest = u16::try_from(width).unwrap_or(u16::MAX).min(MAX_WIDTH);
    let mut digest = Sha256::new();
    let mut files = Vec::new();
    let mut last = height;
    for size in widths(largest) {
        if is_unwanted() {
            return Err(Refused::Busy);
        }
        last = (u64::from(height) * u64::from(size) / u64::from(width)).max(1) as u32;
        let file = encode(&upright, u32::from(size), last)?;
        digest.update(size.to_be_bytes());
        digest.update(&file);
        files.push((size, file));
    }
    let mut id = [0; 16];
    id.copy_from_slice(&digest.finalize()[..16]);
    let id = PictureId::from_uuid(uuid::Builder::from_custom_bytes(id).into_uuid());
    Ok(Sizes { id, height: u16::try_from(last).map_err(|_| Refused::Shape)?, files })
}

/// Decodes an upload by its content, turns it upright, and makes it small enough to work on.
fn decode(upload: &[u8], is_unwanted: &dyn Fn() -> bool) -> Result<DynamicImage, Refused> {
    let format = image::guess_format(upload).map_err(|_| Refused::Kind)?;
    if !matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP) {
        return Err(Refused::Kind);
    }
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height, limits.max_alloc) = (Some(MAX_SIDE), Some(MAX_SIDE), Some(MAX_ALLOC));
    let upload = Wanted { upload: Cursor::new(upload), is_unwanted };
    let mut reader = ImageReader::with_format(BufReader::with_capacity(CHUNK, upload), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(refused)?;
    let (width, height) = decoder.dimensions();
    // The header alone has the size: nothing is decoded yet.
    if u64::from(width) * u64::from(height) > MAX_PIXELS || decoder.total_bytes() > MAX_DECODED {
        return Err(Refused::Large);
    }
    let ratio = u32::from(MAX_RATIO);
    if width.min(height) < MIN_SIDE || width > height * ratio || height > width * ratio {
        return Err(Refused::Shape);
    }
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(refused)?;
    // Twice the largest size keeps enough for a good reduction.
    let enough = u32::from(MAX_WIDTH) * 2;
    if width.min(height) > enough {
        let scale = |side: u32| (u64::from(side) * u64::from(enough) / u64::from(width.min(height))) as u32;
        picture = picture.thumbnail_exact(scale(width), scale(height));
    }
    picture.apply_orientation(orientation);
    Ok(picture)
}

/// An upload that ends when nobody waits for its files any longer. So its decoder does not keep others from the thread.
struct Wanted<'a> {
    upload: Cursor<&'a [u8]>,
    is_unwanted: &'a dyn Fn() -> bool,
}

impl Read for Wanted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if (self.is_unwanted)() { Err(ErrorKind::TimedOut.into()) } else { self.upload.read(buffer) }
    }
}

impl Seek for Wanted<'_> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.upload.seek(to)
    }
}

fn refused(error: image::ImageError) -> Refused {
    match error {
        image::ImageError::Limits(_) => Refused::Large,
        image::ImageError::IoError(error) if error.kind() == ErrorKind::TimedOut => Refused::Busy,
        _ => Refused::Damaged,
    }
}

/// Encodes a picture in a size as JPEG. What was transparent becomes white.
fn encode(picture: &DynamicImage, width: u32, height: u32) -> Result<Vec<u8>, Refused> {
    let small = picture.resize_exact(width, height, FilterType::CatmullRom);
    let opaque = if small.color().has_alpha() { on_white(&small) } else { small.into_rgb8() };
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, QUALITY).encode_image(&opaque).map_err(refused)?;
    Ok(file)
}

fn on_white(picture: &DynamicImage) -> RgbImage {
    let pixels = picture.to_rgba8();
    RgbImage::from_fn(pixels.width(), pixels.height(), |x, y| {
        let [red, green, blue, alpha] = pixels.get_pixel(x, y).0.map(u16::from);
        Rgb([red, green, blue].map(|colour| ((colour * alpha + 255 * (255 - alpha)) / 255) as u8))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageEncoder, Rgba, RgbaImage};
    use std::cell::Cell;

    /// A picture whose left half is red and whose right half is blue.
    fn halves(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, _| if x < width / 2 { Rgb([220, 20, 20]) } else { Rgb([20, 20, 220]) })
    }

    fn as_kind(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        picture.write_to(&mut file, format).unwrap();
        file.into_inner()
    }

    fn made(upload: &[u8]) -> Result<Sizes, Refused> {
        make(upload, &|| false)
    }

    /// EXIF that says to turn the picture by a right angle, and where it was taken.
    fn exif() -> Vec<u8> {
        let mut exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
        exif.extend(b"GPS 52.5200 N 13.4050 E");
        exif
    }

    #[test]
    fn each_kind_becomes_jpegs_of_all_widths() {
        let picture = DynamicImage::from(halves(1200, 900));
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
            let sizes = made(&as_kind(&picture, format)).unwrap();
            assert_eq!((sizes.width(), sizes.height), (960, 720), "{format:?}");
            assert_eq!(sizes.files.iter().map(|(width, _)| *width).collect::<Vec<_>>(), [160, 480, 960]);
            for (width, file) in &sizes.files {
                assert_eq!(image::guess_format(file).unwrap(), ImageFormat::Jpeg);
                let read = image::load_from_memory(file).unwrap().into_rgb8();
                assert_eq!((read.width(), read.height()), (u32::from(*width), u32::from(*width) * 3 / 4));
                let (left, right) = (read.get_pixel(4, 4).0, read.get_pixel(read.width() - 4, 4).0);
                assert!(left[0] > 150 && left[2] < 90 && right[2] > 150 && right[0] < 90, "{left:?} {right:?}");
            }
        }
        let small = made(&as_kind(&halves(90, 60).into(), ImageFormat::Png)).unwrap();
        assert_eq!((small.files.len(), small.width(), small.height), (1, 90, 60), "nothing is made larger");
    }

    #[test]
    fn the_same_pixels_have_the_same_id() {
        let picture = DynamicImage::from(halves(200, 200));
        let one = made(&as_kind(&picture, ImageFormat::Png)).unwrap();
        assert_eq!(one.id, made(&as_kind(&picture, ImageFormat::WebP)).unwrap().id);
        assert_ne!(one.id, made(&as_kind(&halves(202, 200).into(), ImageFormat::Png)).unwrap().id);
    }

    #[test]
    fn a_picture_is_turned_upright_and_keeps_only_its_pixels() {
        let (mut file, picture) = (Vec::new(), halves(400, 200));
        let mut encoder = JpegEncoder::new(&mut file);
        encoder.set_exif_metadata(exif()).unwrap();
        encoder.encode_image(&picture).unwrap();
        assert!(file.windows(3).any(|part| part == b"GPS"), "the upload has a place");
        let sizes = made(&file).unwrap();
        assert_eq!((sizes.width(), sizes.height), (200, 400));
        for (_, file) in &sizes.files {
            assert!(!file.windows(3).any(|part| part == b"GPS") && !file.windows(4).any(|part| part == b"Exif"));
        }
    }

    #[test]
    fn transparent_pixels_become_white() {
        let clear = RgbaImage::from_pixel(50, 50, Rgba([0, 0, 0, 0]));
        let sizes = made(&as_kind(&clear.into(), ImageFormat::Png)).unwrap();
        let read = image::load_from_memory(&sizes.files[0].1).unwrap().into_rgb8();
        assert!(read.pixels().all(|pixel| pixel.0.iter().all(|colour| *colour > 250)));
    }

    #[test]
    fn other_kinds_damaged_ones_and_odd_shapes_are_refused() {
        let good = as_kind(&halves(100, 100).into(), ImageFormat::Png);
        for (upload, why) in [
            (b"".to_vec(), Refused::Kind),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(), Refused::Kind),
            (b"GIF89a\x01\0\x01\0".to_vec(), Refused::Kind),
            (b"<!doctype html><script>".to_vec(), Refused::Kind),
            (good[..good.len() / 2].to_vec(), Refused::Damaged),
            (as_kind(&halves(100, 8).into(), ImageFormat::Png), Refused::Shape),
            (as_kind(&halves(500, 100).into(), ImageFormat::Png), Refused::Shape),
            (as_kind(&halves(100, 500).into(), ImageFormat::Png), Refused::Shape),
        ] {
            assert_eq!(made(&upload), Err(why), "{} bytes", upload.len());
        }
    }

    #[test]
    fn a_few_bytes_that_would_become_gigabytes_are_refused_by_their_header() {
        let mut file = Vec::new();
        image::codecs::png::PngEncoder::new(&mut file).write_image(&[0; 30 * 30], 30, 30, image::ExtendedColorType::L8).unwrap();
        // The size is in the header, which has a checksum.
        let (width, height) = (12_000_u32, 12_000_u32);
        file[16..20].copy_from_slice(&width.to_be_bytes());
        file[20..24].copy_from_slice(&height.to_be_bytes());
        let checksum = crc32(&file[12..29]);
        file[29..33].copy_from_slice(&checksum.to_be_bytes());
        assert_eq!(made(&file), Err(Refused::Large));
        assert!(file.len() < 4_000, "{} bytes", file.len());
    }

    /// Eight bytes a pixel: 25 million of them take a decoder half a minute on a busy machine.
    #[test]
    fn the_bytes_of_the_pixels_count_and_an_upload_that_nobody_waits_for_ends() {
        let deep = |side: u32| {
            let picture = image::ImageBuffer::<Rgba<u16>, _>::from_pixel(side, side, Rgba([9, 9, 9, u16::MAX]));
            as_kind(&picture.into(), ImageFormat::Png)
        };
        assert_eq!(made(&deep(3600)), Err(Refused::Large));
        let (upload, asked) = (deep(1200), Cell::new(0));
        assert!(upload.len() > 4 * CHUNK, "{} bytes", upload.len());
        let after_two = || {
            asked.set(asked.get() + 1);
            asked.get() > 2
        };
        assert_eq!(make(&upload, &after_two), Err(Refused::Busy));
        assert_eq!(asked.get(), 3, "the rest of the upload is not decoded");
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 })
        })
    }

    #[tokio::test]
    async fn the_workshop_refuses_what_it_cannot_store_and_continues() {
        let workshop = Workshop::start().unwrap();
        let upload = Bytes::from(as_kind(&halves(200, 200).into(), ImageFormat::Png));
        let many = (0..WAITING * 3).map(|_| workshop.make(upload.clone()));
        let made = futures_util::future::join_all(many).await;
        assert!(made.contains(&Err(Refused::Busy)) && made.iter().any(Result::is_ok));
        drop(workshop.make(upload.clone()));
        assert!(workshop.make(upload).await.is_ok());
    }
}
