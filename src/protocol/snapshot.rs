//! Snapshots: the state of a room at one position, encoded once, in parts that all readers share.
//!
//! A reader that asked for paging receives each part as a frame of its own. For other readers, the
//! same bytes make one text: [`Snapshot::whole`] joins the contents of the parts with pieces of
//! glue.

use super::frame::{self, Frame, FrameKind};
use crate::domain::model::history::Point;
use crate::domain::model::room_id::{RoomId, RoomKind};
use crate::domain::values::ids::OrderId;
use crate::domain::values::position::Position;
use bytes::{Bytes, BytesMut};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock, Weak};

/// The most bytes of one part. A larger document is a part of its own.
pub const PART_BYTES: usize = 64 * 1024;
/// Space before a part's text for the header of its WebSocket frame.
const HEADER: usize = 10;
/// The most bytes that close a part: empty sections, and `more`.
const TAIL: usize = 48;

/// JSON entries by id, as in the floor's `calls` and `displays`.
pub type Entries = BTreeMap<String, Box<RawValue>>;

/// The sections of a snapshot, in the order in which they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    Documents,
    Calls,
    Displays,
}

impl Section {
    const ALL: [Self; 3] = [Self::Documents, Self::Calls, Self::Displays];

    const fn opening(self) -> &'static str {
        match self {
            Self::Documents => "\"documents\":[",
            Self::Calls => "\"calls\":{",
            Self::Displays => "\"displays\":{",
        }
    }

    const fn closing(self) -> &'static str {
        match self {
            Self::Documents => "]",
            Self::Calls | Self::Displays => "}",
        }
    }

    /// Returns the sections of a room's snapshot.
    fn of(room: RoomId) -> &'static [Self] {
        if room.kind() == RoomKind::Floor { &Self::ALL } else { &Self::ALL[..1] }
    }
}

#[derive(Debug)]
struct Part {
    frame: Frame,
    /// The part's share of each section, without brackets.
    sections: [Bytes; 3],
}

/// The place of an order's document in the parts.
#[derive(Debug)]
struct Place {
    order: OrderId,
    part: usize,
    /// Within the part's share of the documents.
    range: Range<usize>,
}

#[derive(Debug)]
struct Inner {
    room: RoomId,
    point: Point,
    parts: Vec<Part>,
    /// The orders of a kitchen or a floor, by id.
    orders: Vec<Place>,
    bytes: usize,
    plain: OnceLock<Frame>,
}

/// An encoded snapshot. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Snapshot(Arc<Inner>);

/// A weak reference, which shows whether a snapshot is still in use.
#[derive(Debug, Clone)]
pub struct WeakSnapshot(Weak<Inner>);

impl WeakSnapshot {
    /// Whether the snapshot is in use.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        self.0.strong_count() > 0
    }
}

/// A document of a snapshot.
#[derive(Debug)]
pub struct Document {
    /// The id of an order of a kitchen or a floor, by which the documents are sorted.
    pub order: Option<OrderId>,
    text: Bytes,
}

impl Document {
    /// Makes a document of an order.
    #[must_use]
    pub fn of_order(order: OrderId, document: Box<RawValue>) -> Self {
        Self { order: Some(order), ..document.into() }
    }
}

impl From<Box<RawValue>> for Document {
    fn from(document: Box<RawValue>) -> Self {
        Self { order: None, text: Box::<str>::from(document).into_boxed_bytes().into() }
    }
}

/// The input of a snapshot.
#[derive(Debug)]
pub struct Contents {
    /// The documents: orders, or the menu.
    pub documents: Vec<Document>,
    /// The floor's open calls.
    pub calls: Option<Entries>,
    /// The floor's kitchen screens.
    pub displays: Option<Entries>,
}

impl Snapshot {
    /// Encodes the state of a room. Frees each document after encoding it, so that there is hardly more than one copy at a
    /// time. `share` converts the bytes of each part into shared bytes.
    #[must_use]
    pub fn encode(room: RoomId, point: impl Into<Point>, contents: Contents, share: impl FnMut(Vec<u8>) -> Bytes) -> Self {
        let point = point.into();
        let Contents { documents, calls, displays } = contents;
        let mut writer = Writer::new(room, point, share);
        documents.into_iter().for_each(|document| writer.add_document(&document));
        for (section, entries) in [(Section::Calls, calls), (Section::Displays, displays)] {
            entries.into_iter().flatten().for_each(|(id, entry)| writer.add(section, Some(&id), entry.get().as_bytes()));
        }
        let (parts, orders) = writer.finish();
        let bytes = parts.iter().map(|part| part.frame.wire().len()).sum();
        Self(Arc::new(Inner { room, point, parts, orders, bytes, plain: OnceLock::new() }))
    }

    /// Returns the snapshot of a kitchen or a floor after changes. `changed` has the documents of orders that are new or have
    /// changed, and `None` for those that are no longer open. The result equals a snapshot for which all documents are read
    /// again.
    #[must_use]
    pub fn renewed(
        &self,
        point: impl Into<Point>,
        mut changed: BTreeMap<OrderId, Option<Box<RawValue>>>,
        calls: Option<Entries>,
        displays: Option<Entries>,
        share: impl FnMut(Vec<u8>) -> Bytes,
    ) -> Self {
        let kept = self.0.orders.iter().filter(|place| !changed.contains_key(&place.order));
        let mut documents: Vec<_> = kept.map(|place| self.document(place)).collect();
        changed.retain(|_, document| document.is_some());
        let new = changed.into_iter().filter_map(|(order, document)| Some(Document::of_order(order, document?)));
        documents.extend(new);
        documents.sort_by_key(|document| document.order);
        Self::encode(self.0.room, point, Contents { documents, calls, displays }, share)
    }

    fn document(&self, Place { order, part, range }: &Place) -> Document {
        let text = self.0.parts.get(*part).map(|part| part.sections[Section::Documents as usize].slice(range.clone()));
        Document { order: Some(*order), text: text.unwrap_or_default() }
    }

    /// Returns the position of all parts.
    #[must_use]
    pub fn position(&self) -> Position {
        self.0.point.position
    }

    /// Returns the cursor of a reader that has all parts.
    #[must_use]
    pub fn point(&self) -> Point {
        self.0.point
    }

    /// Returns the bytes of all parts together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.bytes
    }

    /// Returns the number of parts, at least one.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.0.parts.len()
    }

    /// Returns a part as a frame.
    #[must_use]
    pub fn part(&self, number: usize) -> Option<Frame> {
        self.0.parts.get(number).map(|part| part.frame.clone())
    }

    /// Whether the snapshot fits in one part.
    #[must_use]
    pub fn is_small(&self) -> bool {
        self.bytes() <= PART_BYTES
    }

    /// Returns a small snapshot as one frame without paging, encoded on first use.
    #[must_use]
    pub fn plain(&self) -> Frame {
        let make = || {
            let mut text = BytesMut::with_capacity(self.bytes());
            self.whole().iter().flatten().for_each(|piece| text.extend_from_slice(piece));
            Frame::new(FrameKind::Snapshot, self.point(), &text).in_room(self.0.room, self.position())
        };
        self.0.plain.get_or_init(make).clone()
    }

    /// Returns the text without paging, in pairs of glue and shared bytes of a part. A line break
    /// may separate two pieces.
    #[must_use]
    pub fn whole(&self) -> Vec<[Bytes; 2]> {
        let Inner { room, point, parts, .. } = &*self.0;
        let mut glue = opening(*room, *point);
        let mut pieces = Vec::with_capacity(parts.len() + 1);
        for &section in Section::of(*room) {
            glue.push(',');
            glue.push_str(section.opening());
            let mut is_first = true;
            for body in parts.iter().map(|part| &part.sections[section as usize]).filter(|body| !body.is_empty()) {
                if !std::mem::take(&mut is_first) {
                    glue.push(',');
                }
                pieces.push([std::mem::take(&mut glue).into(), body.clone()]);
            }
            glue.push_str(section.closing());
        }
        glue.push('}');
        pieces.push([glue.into(), Bytes::new()]);
        pieces
    }

    /// Returns a weak reference to the snapshot.
    #[must_use]
    pub fn downgrade(&self) -> WeakSnapshot {
        WeakSnapshot(Arc::downgrade(&self.0))
    }
}

/// Returns the beginning of a frame.
fn opening(room: RoomId, Point { position, tag }: Point) -> String {
    let tag = tag.map(|tag| format!(r#","tag":"{tag}""#)).unwrap_or_default();
    format!(r#"{{"type":"snapshot","room":"{room}","position":{position}{tag}"#)
}

/// A writer of parts.
struct Writer<K> {
    room: RoomId,
    point: Point,
    share: K,
    parts: Vec<Part>,
    orders: Vec<Place>,
    /// The current part.
    text: Vec<u8>,
    section: Section,
    /// The offset at which the current section begins.
    begun: usize,
    ranges: [Range<usize>; 3],
    is_empty: bool,
}

impl<K: FnMut(Vec<u8>) -> Bytes> Writer<K> {
    fn new(room: RoomId, point: Point, share: K) -> Self {
        let ranges = [0..0, 0..0, 0..0];
        let mut writer = Self {
            room,
            point,
            share,
            parts: Vec::new(),
            orders: Vec::new(),
            text: Vec::new(),
            section: Section::Documents,
            begun: 0,
            ranges,
            is_empty: true,
        };
        writer.begin();
        writer
    }

    fn begin(&mut self) {
        let head = format!(r#"{},"part":{},"#, opening(self.room, self.point), self.parts.len());
        self.text = vec![0; HEADER];
        self.put(&head);
        self.put(Section::Documents.opening());
        self.section = Section::Documents;
        self.begun = self.text.len();
        self.ranges = [0..0, 0..0, 0..0];
        self.is_empty = true;
    }

    fn put(&mut self, text: &str) {
        self.text.extend_from_slice(text.as_bytes());
    }

    fn add_document(&mut self, document: &Document) {
        self.add(Section::Documents, None, &document.text);
        if let Some(order) = document.order {
            let end = self.text.len() - self.begun;
            self.orders.push(Place { order, part: self.parts.len(), range: end - document.text.len()..end });
        }
    }

    fn add(&mut self, section: Section, id: Option<&str>, json: &[u8]) {
        let length = json.len() + id.map_or(1, |id| id.len() + 4);
        if !self.is_empty && self.text.len() + length + TAIL > PART_BYTES {
            self.end(true);
            self.begin();
        }
        self.open_section(section);
        if self.text.len() > self.begun {
            self.put(",");
        }
        if let Some(id) = id {
            // Ids are plain text, which always serializes.
            let _ = serde_json::to_writer(&mut self.text, id);
            self.put(":");
        }
        self.text.extend_from_slice(json);
        self.is_empty = false;
    }

    /// Closes the current section and opens those up to `section`.
    fn open_section(&mut self, section: Section) {
        for &next in Section::of(self.room).iter().filter(|next| **next <= section) {
            if next > self.section {
                self.ranges[self.section as usize] = self.begun..self.text.len();
                self.put(self.section.closing());
                self.put(",");
                self.put(next.opening());
                self.begun = self.text.len();
                self.section = next;
            }
        }
    }

    fn end(&mut self, more: bool) {
        self.open_section(Section::Displays);
        self.ranges[self.section as usize] = self.begun..self.text.len();
        self.put(self.section.closing());
        self.put(if more { ",\"more\":true}" } else { ",\"more\":false}" });
        self.text.shrink_to_fit();
        let header = frame::put_header_before(&mut self.text, HEADER);
        let bytes = (self.share)(std::mem::take(&mut self.text));
        let sections = std::mem::take(&mut self.ranges).map(|range| bytes.slice(range));
        let frame = Frame::encoded(FrameKind::Snapshot, self.point, bytes.slice(HEADER - header..), header);
        let frame = frame.in_room(self.room, self.point.position).with_more(more);
        self.parts.push(Part { frame, sections });
    }

    fn finish(mut self) -> (Vec<Part>, Vec<Place>) {
        self.end(false);
        (self.parts, self.orders)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const ID: &str = "0193a5f0-7c1e-7000-8000-000000000001";

    fn raw(value: &Value) -> Box<RawValue> {
        RawValue::from_string(value.to_string()).unwrap()
    }

    fn entries(sizes: &[usize]) -> Entries {
        let entry = |(number, size): (usize, &usize)| (format!("id {number:03} \""), raw(&json!({"x": "y".repeat(*size)})));
        sizes.iter().enumerate().map(entry).collect()
    }

    fn encode(kind: &str, documents: &[usize], calls: &[usize], displays: &[usize]) -> Snapshot {
        let documents = documents.iter().enumerate().map(|(number, size)| raw(&json!({"id": number, "note": "n".repeat(*size)})));
        let is_floor = kind == "floor";
        let contents = Contents {
            documents: documents.map(Document::from).collect(),
            calls: is_floor.then(|| entries(calls)),
            displays: is_floor.then(|| entries(displays)),
        };
        let room = format!("{kind}:{ID}").parse().unwrap();
        Snapshot::encode(room, Position::new(9).unwrap(), contents, Bytes::from)
    }

    fn whole(snapshot: &Snapshot, between: &str) -> Value {
        let pieces: Vec<String> = snapshot.whole().iter().map(|piece| String::from_utf8(piece.concat()).unwrap()).collect();
        serde_json::from_str(&pieces.join(between)).unwrap()
    }

    #[test]
    fn a_small_snapshot_is_one_part_and_one_plain_frame() {
        let snapshot = encode("floor", &[3], &[], &[2]);
        let expected = json!({"type": "snapshot", "room": format!("floor:{ID}"), "position": 9,
            "documents": [{"id": 0, "note": "nnn"}], "calls": {}, "displays": {"id 000 \"": {"x": "yy"}}});
        assert_eq!(serde_json::from_str::<Value>(&snapshot.plain().text()).unwrap(), expected);
        assert!(snapshot.is_small() && snapshot.part(1).is_none());
        let part: Value = serde_json::from_str(&snapshot.part(0).unwrap().text()).unwrap();
        assert_eq!((&part["part"], &part["more"], &part["documents"]), (&json!(0), &json!(false), &expected["documents"]));
        assert!(encode("kitchen", &[], &[], &[]).plain().text().ends_with(r#""documents":[]}"#));
    }

    proptest! {
        #[test]
        fn joined_parts_equal_the_whole_and_each_is_bounded(
            documents in prop::collection::vec(0_usize..90_000, 0..12),
            calls in prop::collection::vec(0_usize..90_000, 0..5),
            displays in prop::collection::vec(0_usize..40_000, 0..5),
            kind in prop::sample::select(vec!["kitchen", "floor"]),
        ) {
            let snapshot = encode(kind, &documents, &calls, &displays);
            let expected = whole(&snapshot, "\n");
            prop_assert_eq!(&expected, &whole(&snapshot, ""));
            prop_assert_eq!(expected["documents"].as_array().unwrap().len(), documents.len());
            let mut together = json!({"documents": [], "calls": {}, "displays": {}});
            for number in 0..snapshot.parts() {
                let frame = snapshot.part(number).unwrap();
                let part: Value = serde_json::from_str(&frame.text()).unwrap();
                let is_last = number + 1 == snapshot.parts();
                prop_assert_eq!((&part["part"], &part["more"]), (&json!(number), &json!(!is_last)));
                prop_assert_eq!((frame.has_more(), &part["position"]), (!is_last, &json!(9)));
                let mut count = part["documents"].as_array().unwrap().len();
                together["documents"].as_array_mut().unwrap().extend(part["documents"].as_array().unwrap().iter().cloned());
                for name in ["calls", "displays"] {
                    let Some(entries) = part[name].as_object() else { continue };
                    count += entries.len();
                    together[name].as_object_mut().unwrap().extend(entries.clone());
                }
                prop_assert!(count <= 1 || frame.wire().len() <= PART_BYTES, "{} bytes", frame.wire().len());
                prop_assert!(count > 0 || snapshot.parts() == 1);
            }
            prop_assert_eq!(&together["documents"], &expected["documents"]);
            if kind == "floor" {
                prop_assert_eq!((&together["calls"], &together["displays"]), (&expected["calls"], &expected["displays"]));
            }
        }
    }

    /// The document of an order in its n-th version.
    fn order(id: u8, version: usize) -> (OrderId, Box<RawValue>) {
        let id = OrderId::from_uuid(uuid::Uuid::from_u128(u128::from(id)));
        (id, raw(&json!({"id": id, "version": version, "note": "n".repeat(version * 3001 % 9000)})))
    }

    fn of_orders(orders: &BTreeMap<u8, usize>, position: u64, displays: usize) -> Snapshot {
        let documents = orders.iter().map(|(&id, &version)| order(id, version));
        let documents = documents.map(|(id, document)| Document::of_order(id, document)).collect();
        let contents = Contents { documents, calls: Some(entries(&[])), displays: Some(entries(&vec![20; displays])) };
        Snapshot::encode(format!("floor:{ID}").parse().unwrap(), Position::new(position).unwrap(), contents, Bytes::from)
    }

    proptest! {
        #[test]
        fn a_snapshot_with_changes_equals_one_that_is_read_again(
            first in prop::collection::btree_map(any::<u8>(), 0_usize..9, 0..40),
            steps in prop::collection::vec(prop::collection::btree_map(any::<u8>(), prop::option::of(0_usize..9), 0..12), 1..6),
        ) {
            let mut orders = first;
            let mut kept = of_orders(&orders, 1, 0);
            for (step, changed) in steps.into_iter().enumerate() {
                for (&id, &version) in &changed {
                    match version {
                        Some(version) => orders.insert(id, version),
                        None => orders.remove(&id),
                    };
                }
                let position = step as u64 + 2;
                let changed = changed.into_iter().map(|(id, version)| {
                    let (id, document) = order(id, version.unwrap_or_default());
                    (id, version.map(|_| document))
                });
                let displays = Some(entries(&vec![20; step]));
                kept = kept.renewed(Position::new(position).unwrap(), changed.collect(), Some(entries(&[])), displays, Bytes::from);
                let read = of_orders(&orders, position, step);
                let wires = |snapshot: &Snapshot| snapshot.0.parts.iter().map(|part| part.frame.wire().clone()).collect::<Vec<_>>();
                prop_assert_eq!(wires(&kept), wires(&read));
                prop_assert_eq!(kept.whole(), read.whole());
            }
        }
    }
}
