//! `jackpot data get` from servers with faults.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;

use jackpot_tests::Sandbox;
use jackpot_tests::archive::md5;
use jackpot_tests::getting::{cifar10, file, get, only};
use jackpot_tests::server::{Resource, Server};

#[test]
fn a_broken_transfer_goes_on_where_it_broke() {
    let (sandbox, server) = (Sandbox::new(), Server::start());
    let archive = cifar10(&sandbox);
    let cuts = [10_000, 20_000].into();
    server.put("/a.tar.gz", Resource { cuts, ..file(&archive) });
    let url = server.url("/a.tar.gz");
    let ran = get(&sandbox, "cifar10", &url, &[&md5(&archive)]).run().expect(0);
    only(&sandbox, &["cifar-10-batches-bin"], &ran);
    let requests = server.requests();
    let ranges: Vec<_> = requests.iter().map(|request| request.range.as_deref()).collect();
    assert_eq!(ranges, [None, Some("bytes=10000-"), Some("bytes=30000-")]);
    assert!(requests[1..].iter().all(|request| request.if_range.as_deref() == Some("\"one\"")));
}

#[test]
fn a_later_run_goes_on_too() {
    let (sandbox, server) = (Sandbox::new(), Server::start());
    let archive = cifar10(&sandbox);
    let md5 = md5(&archive);
    // Bytes once, then none as often as it asks.
    let cuts = [30_000, 0, 0, 0, 0].into();
    server.put("/a.tar.gz", Resource { cuts, ..file(&archive) });
    let url = server.url("/a.tar.gz");
    let ran = get(&sandbox, "cifar10", &url, &[&md5]).run().expect(1).fits_on_a_screen();
    only(&sandbox, &["cifar-10-binary.tar.gz.part", "cifar-10-binary.tar.gz.part.json"], &ran);
    ran.says(&["the transfer broke off at 0.0 MB of ", "the same command goes on from there"]);
    assert_eq!(fs::metadata(sandbox.at("data/cifar-10-binary.tar.gz.part")).unwrap().len(), 30_000);
    server.requests();

    let ran = get(&sandbox, "cifar10", &url, &[&md5]).run().expect(0);
    only(&sandbox, &["cifar-10-batches-bin"], &ran);
    ran.says(&["from where it stopped"]);
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].range.as_deref(), Some("bytes=30000-"));
}

/// Leaves the first `have` bytes of a download, as a killed process would.
fn leave(sandbox: &Sandbox, bytes: &[u8], url: &str, etag: Option<&str>, total: usize) {
    sandbox.write("data/cifar-10-binary.tar.gz.part", bytes);
    let about = serde_json::json!({ "url": url, "validator": etag, "total": total });
    sandbox.write("data/cifar-10-binary.tar.gz.part.json", about.to_string());
}

#[test]
fn a_server_without_ranges_sends_all_again() {
    let (sandbox, server) = (Sandbox::new(), Server::start());
    let archive = cifar10(&sandbox);
    let cuts = [10_000].into();
    server.put("/a.tar.gz", Resource { cuts, ranges: false, ..file(&archive) });
    let url = server.url("/a.tar.gz");
    let ran = get(&sandbox, "cifar10", &url, &[&md5(&archive)]).run().expect(0);
    only(&sandbox, &["cifar-10-batches-bin"], &ran);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_file_that_changed_is_fetched_from_its_start() {
    let (sandbox, server) = (Sandbox::new(), Server::start());
    let archive = cifar10(&sandbox);
    let (url, md5) = (server.url("/a.tar.gz"), md5(&archive));
    // The server says so.
    leave(&sandbox, &[7; 5000], &url, Some("\"zero\""), archive.len());
    server.put("/a.tar.gz", file(&archive));
    get(&sandbox, "cifar10", &url, &[&md5]).run().expect(0);
    assert_eq!(server.requests().len(), 1, "the answer to the range is the whole file");

    // The length says so.
    fs::remove_dir_all(sandbox.at("data")).unwrap();
    leave(&sandbox, &[7; 5000], &url, Some("\"one\""), archive.len() + 1);
    get(&sandbox, "cifar10", &url, &[&md5]).run().expect(0);
    assert_eq!(server.requests().len(), 2);

    // What is there is longer than the file.
    fs::remove_dir_all(sandbox.at("data")).unwrap();
    leave(&sandbox, &vec![7; archive.len() + 9], &url, Some("\"one\""), archive.len() + 99);
    get(&sandbox, "cifar10", &url, &[&md5]).run().expect(0);
    assert_eq!(server.requests().len(), 2);

    // Nothing but the checksum says so.
    fs::remove_dir_all(sandbox.at("data")).unwrap();
    leave(&sandbox, &[7; 5000], &url, None, archive.len());
    server.put("/a.tar.gz", Resource { etag: None, ..file(&archive) });
    let ran = get(&sandbox, "cifar10", &url, &[&md5]).run().expect(0);
    only(&sandbox, &["cifar-10-batches-bin"], &ran);
    ran.says(&["the pieces do not fit, it is fetched anew"]);
    let ranges: Vec<_> = server.requests().into_iter().map(|request| request.range).collect();
    assert_eq!(ranges, [Some("bytes=5000-".to_owned()), None]);
}

#[test]
fn a_whole_download_that_was_not_unpacked_is_not_fetched_again() {
    let (sandbox, server) = (Sandbox::new(), Server::start());
    let archive = cifar10(&sandbox);
    let (url, md5) = (server.url("/a.tar.gz"), md5(&archive));
    leave(&sandbox, &archive, &url, None, archive.len());
    let ran = get(&sandbox, "cifar10", &url, &[&md5]).run().expect(0);
    only(&sandbox, &["cifar-10-batches-bin"], &ran);
    assert_eq!(server.requests(), []);
}

#[test]
fn a_wrong_checksum_unpacks_nothing() {
    let (sandbox, server) = (Sandbox::new(), Server::start());
    let archive = cifar10(&sandbox);
    server.put("/cifar-10-binary.tar.gz", file(&archive));
    // Without --md5 the published one holds, whatever the address.
    for url in [server.url("/cifar-10-binary.tar.gz"), server.url("/")] {
        let ran = get(&sandbox, "cifar10", &url, &[]).run().expect(1).fits_on_a_screen();
        only(&sandbox, &["cifar-10-binary.tar.gz.wrong"], &ran);
        ran.says(&[
            "CIFAR-10 could not be fetched:",
            &format!("its md5 is {}, not c32a1d4ab5d03f1284b67883e8d87530", md5(&archive)),
            "nothing was unpacked, and the file was put aside as data/cifar-10-binary.tar.gz.wrong",
        ]);
    }
}

#[test]
fn what_the_server_does_not_have_is_told() {
    let (sandbox, server) = (Sandbox::new(), Server::start());
    let ran = get(&sandbox, "cifar100", &server.url("/"), &[]).run().expect(1).fits_on_a_screen();
    only(&sandbox, &[], &ran);
    ran.says(&["/cifar-100-binary.tar.gz: the server says 404 (not found)"]);
    assert_eq!(server.requests().len(), 1, "asking again would not help");
    // Trouble of the server may pass.
    server.put("/cifar-100-binary.tar.gz", Resource { status: Some(503), ..Resource::default() });
    let ran = get(&sandbox, "cifar100", &server.url("/"), &[]).run().expect(1);
    ran.says(&["the server says 503 (its own trouble; later it may work)"]);
    assert_eq!(server.requests().len(), 5);
}

#[test]
fn a_proxy_of_the_environment_is_used() {
    let (sandbox, server) = (Sandbox::new(), Server::start());
    let archive = cifar10(&sandbox);
    server.put("/a.tar.gz", file(&archive));
    let md5 = md5(&archive);
    let arguments = ["data", "get", "cifar10", "--root", "data", "--md5", &md5, "--url"];
    let program = sandbox.jackpot(&arguments).arg("http://nowhere.invalid/a.tar.gz");
    let none = [
        "ALL_PROXY",
        "all_proxy",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "NO_PROXY",
        "no_proxy",
    ];
    let program = none.into_iter().fold(program, |program, name| program.env(name, ""));
    program.env("HTTPS_PROXY", server.proxy()).run().expect(0);
    let lines: Vec<String> = server.requests().into_iter().map(|request| request.line).collect();
    assert_eq!(lines, ["CONNECT nowhere.invalid:80 HTTP/1.1", "GET /a.tar.gz HTTP/1.1"]);
}

#[test]
fn a_server_that_speaks_no_tls_is_an_error() {
    let (sandbox, server) = (Sandbox::new(), Server::start());
    let url = server.url("/a.tar.gz").replace("http:", "https:");
    let ran = get(&sandbox, "cifar10", &url, &[]).run().expect(1).fits_on_a_screen();
    only(&sandbox, &[], &ran);
    ran.says(&["CIFAR-10 could not be fetched:", "Without a network: "]);
}
