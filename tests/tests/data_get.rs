//! `jackpot data get`: what it puts in place, and what it leaves alone.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use jackpot_tests::archive::{gzip, md5, tar_gz_of, tar_gz_with_link, zip, zip_of};
use jackpot_tests::getting::{cifar10, file, get, names, only};
use jackpot_tests::server::{Server, dead_url};
use jackpot_tests::{Sandbox, data};

#[test]
fn an_archive_is_fetched_checked_and_unpacked() {
    let (sandbox, server) = (Sandbox::new(), Server::start());
    let archive = cifar10(&sandbox);
    server.put("/cifar.tar.gz", file(&archive));
    let (url, md5) = (server.url("/cifar.tar.gz"), md5(&archive));
    let ran = get(&sandbox, "cifar10", &url, &[&md5]).run().expect(0);
    assert!(ran.stdout.contains("CIFAR-10 is in data/cifar-10-batches-bin; it has the given md5."));
    assert!(ran.stdout.contains("dataset = \"cifar10\"\n  root = \"data\""), "{ran}");
    ran.says(&["fetching cifar-10-binary.tar.gz", "unpacking cifar-10-binary.tar.gz"]);
    for name in names(&sandbox.at("source/cifar-10-batches-bin")) {
        let [source, fetched] = ["source", "data"]
            .map(|root| fs::read(sandbox.at(root).join("cifar-10-batches-bin").join(&name)));
        assert_eq!(source.unwrap(), fetched.unwrap(), "{name}");
    }
    assert_eq!(server.requests().len(), 1);

    // Again: nothing is asked.
    let ran = get(&sandbox, "cifar10", &url, &[&md5]).run().expect(0);
    assert!(ran.stdout.contains("already, with the given md5; nothing was fetched"), "{ran}");
    only(&sandbox, &["cifar-10-batches-bin"], &ran);
    assert_eq!(server.requests(), []);

    // The loader reads it, and says that it is not the real one.
    let ran = sandbox.jackpot(&["data", "check", "data"]).run().expect(0);
    let expected = "published  no: the published one has 50000 training and 10000 test images";
    assert!(ran.stdout.contains(expected), "{ran}");
}

#[test]
fn a_changed_folder_is_neither_taken_nor_overwritten() {
    let (sandbox, server) = (Sandbox::new(), Server::start());
    let archive = cifar10(&sandbox);
    server.put("/a.tar.gz", file(&archive));
    let (url, md5) = (server.url("/a.tar.gz"), md5(&archive));
    get(&sandbox, "cifar10", &url, &[&md5]).run().expect(0);
    let path = sandbox.at("data/cifar-10-batches-bin/test_batch.bin");
    let mut bytes = fs::read(&path).unwrap();
    bytes[100] ^= 1;
    fs::write(&path, &bytes).unwrap();
    get(&sandbox, "cifar10", &url, &[&md5]).run().expect(1).fits_on_a_screen().says(&[
        "data/cifar-10-batches-bin/test_batch.bin is not what was unpacked there",
        "remove the folder data/cifar-10-batches-bin and run this again",
    ]);
    assert_eq!(fs::read(&path).unwrap(), bytes);
    bytes[100] ^= 1;
    fs::write(&path, &bytes).unwrap();
    // Another archive than the one that is there.
    get(&sandbox, "cifar10", &url, &[&"0".repeat(32)])
        .run()
        .expect(1)
        .says(&["was unpacked from an archive with the md5", "choose another --root"]);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_folder_of_ones_own_is_kept() {
    let sandbox = Sandbox::new();
    data::cifar10(&sandbox.at("data/cifar-10-batches-bin"));
    let url = dead_url("/a.tar.gz");
    let ran = get(&sandbox, "cifar10", &url, &[]).run().expect(0);
    for text in ["is there already and reads well (50 training and 20 test images)", "cannot tell"]
    {
        assert!(ran.stdout.contains(text), "{text}\n{ran}");
    }
    fs::remove_file(sandbox.at("data/cifar-10-batches-bin/test_batch.bin")).unwrap();
    get(&sandbox, "cifar10", &url, &[]).run().expect(1).says(&[
        "cannot be used: ",
        "test_batch.bin is missing",
        "Move it away to fetch CIFAR-10 anew",
    ]);
}

#[test]
fn without_a_network_it_says_what_to_do() {
    let sandbox = Sandbox::new();
    let archive = cifar10(&sandbox);
    let (url, md5) = (dead_url("/cifar-10-binary.tar.gz"), md5(&archive));
    let ran = get(&sandbox, "cifar10", &url, &[&md5]).run().expect(1).fits_on_a_screen();
    only(&sandbox, &[], &ran);
    ran.says(&[
        "no connection: Connection refused",
        &format!("Without a network: fetch {url} (md5 {md5}) on another machine, put it at "),
        "data/cifar-10-binary.tar.gz, and run this again",
        "`jackpot data check data/cifar-10-binary.tar.gz` says whether it is the right file",
    ]);
    // That works, and what the user brought stays.
    sandbox.write("data/cifar-10-binary.tar.gz", &archive);
    let ran = get(&sandbox, "cifar10", &url, &[&md5]).run().expect(0);
    only(&sandbox, &["cifar-10-batches-bin", "cifar-10-binary.tar.gz"], &ran);
    // Another file of the name is left alone.
    fs::remove_dir_all(sandbox.at("data/cifar-10-batches-bin")).unwrap();
    sandbox.write("data/cifar-10-binary.tar.gz", &archive[..1000]);
    get(&sandbox, "cifar10", &url, &[&md5])
        .run()
        .expect(1)
        .says(&["is there, but it is not the file that is wanted: its md5 is "]);
    let ran = sandbox.jackpot(&["data", "check", "data/cifar-10-binary.tar.gz"]).run().expect(1);
    ran.says(&["is not the published archive of CIFAR-10", "c32a1d4ab5d03f1284b67883e8d87530"]);
}

#[test]
fn a_damaged_archive_leaves_nothing() {
    let (sandbox, server) = (Sandbox::new(), Server::start());
    let archive = cifar10(&sandbox);
    let tiny = zip(&data::tiny_imagenet(&sandbox.at("source")));
    for (name, bytes) in [
        ("cifar10", &archive[..archive.len() / 2]),
        ("cifar10", &archive[..archive.len() - 4]),
        ("cifar10", b"no archive"),
        ("tiny-imagenet", &tiny[..tiny.len() - 100]),
        ("tiny-imagenet", b"no archive"),
    ] {
        let _ = fs::remove_dir_all(sandbox.at("data"));
        server.put("/a", file(bytes));
        let ran = get(&sandbox, name, &server.url("/a"), &[&md5(bytes)]).run().expect(1);
        let left = names(&sandbox.at("data"));
        assert!(
            left.iter().all(|name| name.ends_with(".gz") || name.ends_with(".zip")),
            "{left:?}"
        );
        ran.says(&["cannot be unpacked: ", "nothing was put in place"]);
    }
}

#[test]
fn an_archive_cannot_write_elsewhere() {
    let (sandbox, server) = (Sandbox::new(), Server::start());
    let evil = |name: &str| {
        vec![
            ("cifar-10-batches-bin/data_batch_1.bin".to_owned(), vec![0; 10]),
            (name.to_owned(), b"evil".to_vec()),
        ]
    };
    data::cifar10(&sandbox.at("source/cifar-10-batches-bin"));
    let folder = sandbox.at("source/cifar-10-batches-bin");
    let outside = sandbox.at("outside");
    for (dataset, bytes, expected) in [
        ("cifar10", tar_gz_of(&evil("../evil")), "`../evil` leads out of the folder"),
        (
            "cifar10",
            tar_gz_of(&evil("cifar-10-batches-bin/../../evil")),
            "`cifar-10-batches-bin/../../evil` leads out of the folder",
        ),
        ("cifar10", tar_gz_of(&evil("/jackpot-evil")), "leads out of the folder"),
        (
            "cifar10",
            tar_gz_with_link(&folder, "cifar-10-batches-bin/link", outside.to_str().unwrap()),
            "`cifar-10-batches-bin/link` is neither a file nor a folder",
        ),
        (
            "cifar10",
            tar_gz_of(&evil("cifar-10-batches-bin/data_batch_1.bin")),
            "cifar-10-batches-bin/data_batch_1.bin: File exists",
        ),
        (
            "cifar10",
            tar_gz_of(&[("other/file".to_owned(), vec![1])]),
            "it has no files in a folder",
        ),
        ("tiny-imagenet", zip_of(&evil("../evil")), "leads out of the folder"),
        ("tiny-imagenet", zip_of(&evil("tiny-imagenet-200/../../evil")), "leads out of the folder"),
    ] {
        let _ = fs::remove_dir_all(sandbox.at("data"));
        server.put("/a", file(&bytes));
        let ran = get(&sandbox, dataset, &server.url("/a"), &[&md5(&bytes)]).run().expect(1);
        assert_eq!(names(&sandbox.at("data")).len(), 1, "the archive alone: {ran}");
        assert!(!sandbox.at("evil").exists() && !outside.exists(), "{ran}");
        assert!(!Path::new("/jackpot-evil").exists(), "{ran}");
        ran.says(&[expected, "nothing was put in place"]);
    }
}

#[test]
fn tiny_imagenet_comes_as_a_zip() {
    let (sandbox, server) = (Sandbox::new(), Server::start());
    let archive = zip(&data::tiny_imagenet(&sandbox.at("source")));
    server.put("/tiny-imagenet-200.zip", file(&archive));
    get(&sandbox, "tiny-imagenet", &server.url("/"), &[&md5(&archive)]).run().expect(0);
    let ran = sandbox.jackpot(&["data", "check", "data"]).run().expect(0);
    for text in ["Tiny-ImageNet", "24 images, 8 of each class", "12 images, 4 of each class"] {
        assert!(ran.stdout.contains(text), "{text}\n{ran}");
    }
    // The cache of decoded images is no change of the dataset.
    let ran = get(&sandbox, "tiny-imagenet", &server.url("/"), &[&md5(&archive)]).run().expect(0);
    assert!(ran.stdout.contains("already, with the given md5"), "{ran}");
}

#[test]
fn the_four_files_of_mnist_are_fetched_one_by_one() {
    let (sandbox, server) = (Sandbox::new(), Server::start());
    let files = data::mnist().map(|(name, bytes)| (format!("{name}.gz"), gzip(&bytes)));
    let sums = files.clone().map(|(_, bytes)| md5(&bytes));
    let sums: Vec<&str> = sums.iter().map(String::as_str).collect();
    for (name, bytes) in &files[..3] {
        server.put(&format!("/mnist/{name}"), file(bytes));
    }
    let url = server.url("/mnist/");
    get(&sandbox, "mnist", &url, &sums).run().expect(1).says(&[
        "t10k-labels-idx1-ubyte.gz: the server says 404",
        "put it at data/mnist/t10k-labels-idx1-ubyte.gz",
    ]);
    assert_eq!(server.requests().len(), 4);
    server.put(&format!("/mnist/{}", files[3].0), file(&files[3].1));
    get(&sandbox, "mnist", &url, &sums).run().expect(0);
    assert_eq!(server.requests().len(), 1, "the other three are there");
    let ran = get(&sandbox, "mnist", &url, &sums).run().expect(0);
    assert!(ran.stdout.contains("nothing was fetched"), "{ran}");
    let ran = sandbox.jackpot(&["data", "check", "data"]).run().expect(0);
    for text in ["MNIST", "1×28×28", "40 images, 4 of each class", "20 images, 2 of each class"] {
        assert!(ran.stdout.contains(text), "{text}\n{ran}");
    }
    // By itself, a file that is not the published one is refused.
    get(&sandbox, "mnist", &url, &[]).run().expect(1).says(&[
        "data/mnist/train-images-idx3-ubyte.gz is there, but it is not the file that is wanted",
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    ]);
}

#[test]
fn a_wrong_use_is_told_before_anything_is_asked() {
    let sandbox = Sandbox::new();
    let url = dead_url("/a.gz");
    let ran = get(&sandbox, "mnist", &url, &[]).run().expect(2);
    ran.says(&["must end with `/`", "train-images-idx3-ubyte.gz"]);
    let one = "0".repeat(32);
    let ran = get(&sandbox, "mnist", &format!("{url}/"), &[&one]).run().expect(2);
    ran.says(&[
        "--md5 is given 1 times; this dataset needs it 4 times, in this order: train-images",
    ]);
    get(&sandbox, "cifar10", &url, &["xyz"]).run().expect(2).says(&["an MD5 has 32 digits"]);
    let ran = sandbox.jackpot(&["data", "get", "imagenet"]).run().expect(2);
    ran.says(&["tiny-imagenet"]);
    get(&sandbox, "cifar10", "not an address", &[&one]).run().expect(1).says(&["not an address: "]);
    // Over TLS the server's certificate is asked for: here there is only a port that is closed.
    let https = url.replace("http:", "https:");
    get(&sandbox, "cifar10", &https, &[&one]).run().expect(1).says(&["Connection refused"]);
}
