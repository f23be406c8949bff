use super::*;
use crate::http::{Demo, etag};
use sha2::{Digest, Sha256};

async fn get(app: &TestApp, path: &str) -> Answer {
    app.call(TestRequest::get().uri(path)).await
}

#[actix_web::test]
async fn pages_and_what_they_load_come_with_their_types_and_the_strict_policy() {
    let app = TestApp::open().await;
    for (path, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/t/ladle-table-7", "text/html; charset=utf-8"),
        ("/orders/00000000-0000-7000-8000-00000000000a", "text/html; charset=utf-8"),
        ("/kitchen", "text/html; charset=utf-8"),
        ("/staff", "text/html; charset=utf-8"),
        ("/manage", "text/html; charset=utf-8"),
    ] {
        let answer = get(&app, path).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, kind), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-cache");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self' 'sha256-"), "{policy}");
        assert!(
            policy.contains("'; connect-src 'self';") && !policy.contains("unsafe") && policy.ends_with("frame-ancestors 'none'"),
            "{policy}"
        );
    }
}

#[actix_web::test]
async fn every_page_says_which_version_it_belongs_to() {
    let app = TestApp::open().await;
    let line = format!("<meta name=\"orderbell-version\" content=\"{}\">", crate::http::version());
    for path in ["/", "/t/ladle-table-7", "/orders/x", "/kitchen", "/staff", "/manage"] {
        let page = String::from_utf8(get(&app, path).await.body.to_vec()).unwrap();
        assert_eq!((page.matches(&line).count(), page.contains("{{")), (1, false), "{path}");
        let tag = etag::tag_of_file(&Sha256::digest(page.as_bytes()));
        assert_eq!(get(&app, path).await.header("etag"), format!("W/\"{tag}\""), "{path}: the tag of the served file");
    }
}

#[actix_web::test]
async fn a_file_that_pages_load_has_a_policy_that_allows_it_nothing() {
    let app = TestApp::open().await;
    for (path, kind) in [("/css/base.css", "text/css; charset=utf-8"), ("/client/orderbell.js", "text/javascript; charset=utf-8")]
    {
        let answer = get(&app, path).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, kind), "{path}");
        assert_eq!(answer.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
        for (name, value) in [("x-content-type-options", "nosniff"), ("cache-control", "no-cache")] {
            assert_eq!(answer.header(name), value, "{path}");
        }
    }
}

#[actix_web::test]
async fn a_page_is_sent_again_only_when_it_has_changed() {
    let app = TestApp::open().await;
    for path in ["/kitchen", "/api/v1/restaurants/ladle/menu", "/api/v1/restaurants/ladle"] {
        let first = get(&app, path).await;
        let tag = first.header("etag");
        assert!(tag.starts_with("W/\""), "{tag}");
        let again = |tag: &str| app.call(TestRequest::get().uri(path).insert_header(("if-none-match", tag)));
        let unchanged = again(tag).await;
        assert_eq!((unchanged.status.as_u16(), unchanged.body.len(), unchanged.header("etag")), (304, 0, tag), "{path}");
        assert_eq!(again("W/\"another\"").await.status, 200);
        assert_eq!(again(&format!("\"another\", {tag}")).await.status, 304);
    }
    let tag = get(&app, "/api/v1/restaurants/ladle/menu").await.header("etag").to_owned();
    let pause = TestRequest::put().uri("/api/v1/restaurants/ladle/pause");
    app.send(pause, &insider(Role::Staff), json!({"paused": true})).await;
    let changed = app.call(TestRequest::get().uri("/api/v1/restaurants/ladle/menu").insert_header(("if-none-match", tag))).await;
    assert_eq!((changed.status.as_u16(), &changed.json()["paused"]), (200, &json!(true)));
}

#[actix_web::test]
async fn pages_are_compressed_for_clients_that_accept_it() {
    let app = TestApp::open().await;
    let plain = get(&app, "/kitchen").await;
    for encoding in ["gzip", "br"] {
        let small = app.call(TestRequest::get().uri("/kitchen").insert_header(("accept-encoding", encoding))).await;
        assert_eq!((small.header("content-encoding"), small.header("vary")), (encoding, "accept-encoding"));
        assert!(small.body.len() < plain.body.len());
    }
    for wish in ["identity", "br;q=0, identity", "br;q=0.1, identity"] {
        let whole = app.call(TestRequest::get().uri("/kitchen").insert_header(("accept-encoding", wish))).await;
        assert_eq!((whole.header("content-encoding"), whole.body.len()), ("", plain.body.len()), "{wish}");
    }
}

#[actix_web::test]
async fn only_public_files_can_be_read() {
    let app = TestApp::open().await;
    for path in [
        "/kitchen.html",
        "/index.html",
        "/css/../kitchen.html",
        "/../Cargo.toml",
        "/css/../../Cargo.toml",
        "/css/%2e%2e/%2e%2e/Cargo.toml",
        "/..%2fCargo.toml",
        "//etc/passwd",
        "/css/",
        "/css",
    ] {
        assert_eq!(get(&app, path).await.status, 404, "{path}");
    }
}

/// Only an open demonstration frames its screens, on its own page. The other parts of the policy are as strict as before.
#[actix_web::test]
async fn only_an_open_demonstration_frames_screens() {
    const FRAMED: [&str; 4] = ["/t/demo-table-1", "/orders/0193a5f0-7c1e-7000-8000-00000000002a", "/kitchen", "/staff"];
    let policy = async |app: &TestApp, path: &str| get(app, path).await.header("content-security-policy").to_owned();
    let mut app = TestApp::open().await;
    get(&app, "/demo").await.problem(404, "not_found");
    let closed = policy(&app, "/staff").await;
    app.state.demo = Some(Arc::new(Demo::new("http://198.51.100.1:80", None, &[])));
    get(&app, "/demo").await.problem(404, "not_found");
    for path in FRAMED {
        assert!(policy(&app, path).await.ends_with("frame-ancestors 'none'"), "{path}: others reach this demonstration");
    }
    let person = crate::demo::Person { username: "staff".parse().unwrap(), password: "staff-demo".into(), role: Role::Staff };
    let key = "demo-table-1".parse().unwrap();
    app.state.demo = Some(Arc::new(Demo::new("http://127.0.0.1:8080", Some(&key), &[person])));
    for path in FRAMED {
        assert!(policy(&app, path).await.ends_with("frame-ancestors 'none'"), "{path}: a window of its own");
        let request = TestRequest::get().uri(path).insert_header(("sec-fetch-dest", "iframe"));
        let framed = app.call(request).await;
        let policy_of_frame = framed.header("content-security-policy");
        assert!(
            policy_of_frame.ends_with("frame-ancestors 'self'") && framed.header("vary").contains("sec-fetch-dest"),
            "{path}"
        );
        assert_eq!(policy_of_frame, policy(&app, path).await.replace("frame-ancestors 'none'", "frame-ancestors 'self'"));
    }
    assert_eq!(policy(&app, "/staff").await, closed);
    let own = policy(&app, "/demo").await;
    assert!(own.starts_with("default-src 'none'; script-src 'self'; style-src 'self' 'sha256-"), "{own}");
    assert!(own.ends_with("frame-ancestors 'none'; frame-src 'self'") && !own.contains("unsafe"), "{own}");
    for path in ["/", "/manage"] {
        assert!(policy(&app, path).await.ends_with("frame-ancestors 'none'"), "{path}");
    }
}

#[actix_web::test]
async fn a_demonstration_shows_only_its_public_parts_and_other_servers_show_nothing() {
    let mut app = TestApp::open().await;
    get(&app, "/api/v1/demo").await.problem(404, "not_found");
    get(&app, "/api/v1/demo/qr.svg").await.problem(404, "not_found");
    app.state.demo = Some(Arc::new(Demo::new("http://198.51.100.1:80", None, &[])));
    assert_eq!(get(&app, "/api/v1/demo").await.json(), json!({"restaurant": "demo"}));
    get(&app, "/api/v1/demo/qr.svg").await.problem(404, "not_found");
    let person = crate::demo::Person { username: "staff".parse().unwrap(), password: "staff-demo".into(), role: Role::Staff };
    let key = "demo-table-1".parse().unwrap();
    app.state.demo = Some(Arc::new(Demo::new("http://127.0.0.1:8080", Some(&key), &[person])));
    let expected = json!({"restaurant": "demo", "table_url": "http://127.0.0.1:8080/t/demo-table-1",
        "people": [{"username": "staff", "password": "staff-demo", "role": "staff"}]});
    assert_eq!(get(&app, "/api/v1/demo").await.json(), expected);
    let picture = get(&app, "/api/v1/demo/qr.svg").await;
    assert_eq!((picture.status.as_u16(), picture.header("content-type")), (200, "image/svg+xml"));
    assert!(picture.body.starts_with(b"<?xml") && picture.body.ends_with(b"</svg>"), "{picture:?}");
}

/// A page that was opened before its server was replaced loads some of its scripts afterwards.
#[actix_web::test]
async fn a_moved_script_is_found_at_its_old_address() {
    let app = TestApp::open().await;
    for (before, now) in [("/pages/tell_me.js", "/guest/tell_me.js"), ("/client/fallback.js", "/client/transport/fallback.js")] {
        let answer = get(&app, before).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (307, now), "{before}");
        assert_eq!(get(&app, now).await.status, 200, "{now}");
    }
    assert_eq!(get(&app, "/pages/never.js").await.status, 404);
}
