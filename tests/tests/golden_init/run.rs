//! The items in the program itself, from a config.

use jackpot_tests::config::Config;
use jackpot_tests::tensors::{self, State};
use jackpot_tests::{Sandbox, data};

/// A recipe whose training ends where it began: rate 0, no momentum, no weight decay.
const STILL: &str =
    "lr_schedule = \"still\"\noptimizer = { momentum = 0.0, weight_decay = 0.0 }\nepochs = 1";

fn recipe(init: &str) -> String {
    format!("init = {init}\nlevels = [2]\n{STILL}")
}

#[test]
fn a_spend_begins_with_what_its_init_makes_of_the_ticket() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let lrsi = "{ plugin = \"lrsi\", params = { iterations = 3, batch_size = 8 } }";
    let config = Config::default()
        .spend("ticket", &format!("levels = [2]\n{STILL}"))
        .spend("lrsi", &recipe(lrsi))
        .spend("kaiming", &recipe("\"kaiming\""))
        .spend("xavier", &recipe("\"xavier\""))
        .spend("orthogonal", &recipe("\"orthogonal\""));
    sandbox.run(&config).expect(0);
    let read = |recipe: &str, file: &str| -> State {
        let job = format!("runs/tiny/spend/{recipe}/imp/seed-1/level-02/{file}.safetensors");
        tensors::read(&sandbox.at(&job))
    };
    let (ticket, masks) = (read("ticket", "model"), read("ticket", "mask"));
    assert_eq!(masks.len(), 7);
    for init in ["lrsi", "kaiming", "xavier", "orthogonal"] {
        let weights = read(init, "model");
        assert_eq!(read(init, "mask"), masks, "{init}");
        for (name, mask) in &masks {
            let both = ticket[name].floats().into_iter().zip(weights[name].floats());
            let kept: Vec<_> = both.clone().zip(mask.flags()).filter(|(_, kept)| *kept).collect();
            let scales: Vec<f32> = kept.iter().map(|((before, after), _)| after / before).collect();
            let (first, same) = (scales[0], |scale: &f32| (scale / scales[0] - 1.0).abs() < 1e-6);
            assert_eq!(scales.iter().all(same), init == "lrsi", "{init}: {name}");
            assert!(first != 1.0, "{init}: {name}");
            for (bits, kept) in weights[name].bits().into_iter().zip(mask.flags()) {
                assert!(kept || bits == 0, "{init}: {name}");
            }
        }
    }
}
