//! How pages look on a phone and on a wall screen, light and dark: checked by axe, and saved as pictures on request.

use crate::browser::Browser;
use crate::driver::Form;
use base64::Engine;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tokio::sync::OnceCell;

/// Names the folder for pictures; none are saved without it.
const PICTURES: &str = "ORDERBELL_SCREENSHOTS";
/// Names axe-core's file, when it is not where `scripts/test` installs it.
const AXE: &str = "ORDERBELL_TEST_AXE";

/// The sizes and themes of a page. The first two cover both sizes and both themes; pictures are saved of all.
const LOOKS: [(Form, &str); 6] = [
    (Form::Phone, "light"),
    (Form::Wall, "dark"),
    (Form::Wall, "light"),
    (Form::Phone, "dark"),
    (Form::FarWall, "light"),
    (Form::FarWall, "dark"),
];

/// Sets the theme. The kitchen and the staff choose one; other pages follow the device.
const WEAR: &str = "const { dataset } = document.documentElement;
    if (dataset.theme) dataset.theme = arguments[0]";
/// Returns whether the change of themes has finished: colours in between would fail the contrast check.
const STILL: &str = "return document.getAnimations().every(({ playState }) => playState === 'finished')";
const FITS: &str = "const { scrollWidth } = document.documentElement;
    return scrollWidth <= innerWidth && `${innerWidth} wide`";
/// Runs axe and returns each violation with its rule and place.
const JUDGE: &str = "const done = arguments[arguments.length - 1];
    axe.run(document, { resultTypes: ['violations'] }).then(({ violations, passes }) => done({
      violations: violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.slice(0, 3).map(({ html, failureSummary }) => [html, failureSummary]) })),
      passes: passes.length,
    }), (error) => done(String(error)))";

/// Returns whether this run saves pictures.
pub fn saves_pictures() -> bool {
    std::env::var_os(PICTURES).is_some()
}

impl Browser {
    /// Asserts in each look that nothing overflows sideways and that axe finds no violation. Saves a picture of each on
    /// request.
    pub async fn inspect(&self, scene: &str) {
        for (form, theme) in LOOKS.into_iter().take(if saves_pictures() { LOOKS.len() } else { 2 }) {
            self.wear(form, theme).await;
            let (width, height) = form.size();
            let name = format!("{scene}-{width}x{height}-{theme}");
            self.until(&format!("{name}: nothing to overflow sideways"), FITS, vec![]).await;
            self.satisfies_axe(&name).await;
            if let Some(folder) = std::env::var_os(PICTURES) {
                self.save(&PathBuf::from(folder).join(format!("{name}.png"))).await;
            }
        }
        self.devtools("Emulation.clearDeviceMetricsOverride", json!({})).await;
    }

    /// Sets a size and a theme, with reduced motion.
    pub async fn wear(&self, form: Form, theme: &str) {
        let (width, height) = form.size();
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": form == Form::Phone});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let feature = |name: &str, value: &str| json!({"name": name, "value": value});
        let features = [feature("prefers-color-scheme", theme), feature("prefers-reduced-motion", "reduce")];
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features})).await;
        self.ask(WEAR, vec![theme.into()]).await;
        self.until("the new look to settle", STILL, vec![]).await;
    }

    async fn satisfies_axe(&self, name: &str) {
        if self.ask("return typeof axe", vec![]).await == "undefined" {
            self.ask(axe().await, vec![]).await;
        }
        let judgement = self.client.execute_async(JUDGE, vec![]).await.unwrap();
        assert_eq!(judgement["violations"], json!([]), "{name}: {judgement:#}");
        assert!(judgement["passes"].as_u64() > Some(5), "{name}: axe ran its rules: {judgement}");
    }

    /// Saves a picture of the window as PNG.
    pub async fn save(&self, file: &Path) {
        let picture = self.devtools("Page.captureScreenshot", json!({"format": "png"})).await;
        let Value::String(data) = &picture["data"] else { panic!("{}: no picture", self.name) };
        let png = base64::engine::general_purpose::STANDARD.decode(data).unwrap();
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, png).unwrap();
    }
}

/// Returns the source of axe-core.
async fn axe() -> &'static str {
    static SOURCE: OnceCell<String> = OnceCell::const_new();
    SOURCE
        .get_or_init(|| async {
            let usual = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../axe/node_modules/axe-core/axe.min.js");
            let file = std::env::var_os(AXE).map_or(usual, PathBuf::from);
            let found = std::fs::read_to_string(&file);
            found.unwrap_or_else(|error| {
                panic!("{}: {error}: scripts/test installs axe-core, or {AXE} names its axe.min.js", file.display())
            })
        })
        .await
}
