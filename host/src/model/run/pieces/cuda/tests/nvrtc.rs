//! What NVIDIA's compiler says of the texts, where it is installed: it needs no GPU.

use tch::Kind;

use super::host::text;
use super::names;
use crate::torch::nvrtc::compile::{Target, library};

#[test]
fn nvrtc_compiles_every_function() {
    let library = match library() {
        Ok(library) => library,
        Err(error) => return eprintln!("not tested: {error}"),
    };
    let oldest = library.known().iter().copied().min().unwrap();
    let targets = [Target::Exact(80), Target::Exact(90), Target::AtLeast(75.max(oldest))];
    let mut count = 0;
    for name in names() {
        for text in [Kind::Float, Kind::BFloat16].map(|kind| text(name, kind)) {
            for target in targets {
                let code = library.compile(&text, target).unwrap();
                match target {
                    Target::Exact(_) => assert!(code.starts_with(b"\x7fELF"), "{name}"),
                    Target::AtLeast(_) => {
                        let code = String::from_utf8(code).unwrap();
                        for kernel in ["jackpot_forward", "jackpot_backward"] {
                            assert!(code.contains(&format!(".entry {kernel}(")), "{name}");
                        }
                        assert!(code.ends_with('\0'));
                    }
                }
                count += 1;
            }
        }
    }
    eprintln!("{count} texts compiled for {targets:?}");
}
