//! What a config means: defaults, inheritance, shorthands, expansion.

use jackpot_plugin_api::Duration;

use super::*;

fn names(draws: &[DrawConfig]) -> Vec<&str> {
    draws.iter().map(|draw| draw.name.as_str()).collect()
}

#[test]
fn defaults() {
    let config = read(MINIMAL);
    assert_eq!(config.seeds, [42]);
    assert_eq!(config.device, DeviceChoice::Auto);
    assert_eq!(config.precision, Precision::Auto);
    assert_eq!(config.threads, None);
    assert_eq!(config.data.validation, 0);
    assert_eq!(config.train.batch_size, 128);
    let sgd = Optimizer::Sgd {
        lr: 0.1,
        momentum: 0.9,
        weight_decay: 2e-4,
        nesterov: false,
        decay_norm: true,
    };
    assert_eq!(config.train.optimizer, sgd);
    assert_eq!(config.train.augmentation, []);
    assert_eq!(config.train.loss, None);
    let [draw] = config.draws.as_slice() else { panic!("one draw") };
    assert_eq!(draw.name, "imp");
    assert_eq!(draw.score.plugin, "magnitude");
    assert_eq!(draw.levels, Levels::Fraction { count: 3, fraction: 0.2 });
    assert_eq!(draw.rewind, Rewind::Init);
    assert_eq!(draw.prunable, ["conv"]);
    assert_eq!(config.spends, []);
}

#[test]
fn adamw_has_its_own_defaults() {
    let text = with("epochs = 10", "epochs = 10\noptimizer = { name = \"adamw\" }");
    let adamw = Optimizer::Adamw {
        lr: 1e-3,
        beta1: 0.9,
        beta2: 0.999,
        eps: 1e-8,
        weight_decay: 0.01,
        decay_norm: true,
    };
    assert_eq!(read(&text).train.optimizer, adamw);
    assert_eq!(read(&text.replace("{ name = \"adamw\" }", "\"adamw\"")), read(&text));
}

#[test]
fn a_setting_of_the_optimizer_leaves_the_others_alone() {
    let text = with("epochs = 10", "epochs = 10\noptimizer = { lr = 1 }");
    assert!(matches!(read(&text).train.optimizer, Optimizer::Sgd { lr: 1.0, momentum: 0.9, .. }));
}

#[test]
fn a_name_is_short_for_its_table() {
    let long = with("epochs = 10", "epochs = 10\nactivation = { plugin = \"mish\", params = {} }");
    let short = with("epochs = 10", "epochs = 10\nactivation = \"mish\"");
    assert_eq!(read(&short), read(&long));
    let one = with("epochs = 10", "epochs = 10\naugmentation = \"crop-flip\"");
    let list = with("epochs = 10", "epochs = 10\naugmentation = [{ plugin = \"crop-flip\" }]");
    assert_eq!(read(&one), read(&list));
}

#[test]
fn parameters_are_completed_in_the_manifests_order() {
    let text = with(
        "epochs = 10",
        "epochs = 10\nlr_schedule = { plugin = \"multi-step\", params = { at = [\"02ep\"], \
         gammas = [1, 0.5] } }\nactivation = \"swish\"\ninit = \"lrsi\"",
    );
    let train = read(&text).train;
    let schedule = serde_json::to_string(&train.lr_schedule.unwrap().params).unwrap();
    let wanted = r#"{"milestones":[90,135],"gammas":[1.0,0.5],"names":[],"at":["2ep"]}"#;
    assert_eq!(schedule, wanted);
    assert_eq!(train.activation.unwrap().params["beta"], json!(1.0));
    // `teacher` is optional: absent, not null.
    assert_eq!(train.init.unwrap().params, *json!({"learn": true}).as_object().unwrap());
}

#[test]
fn infinities_cross_as_strings() {
    let text = with(
        "epochs = 10",
        "epochs = 10\nactivation = { plugin = \"swish\", params = { beta = -inf } }",
    );
    assert_eq!(read(&text).train.activation.unwrap().params["beta"], "-inf");
}

#[test]
fn a_recipe_inherits_and_replaces_whole_values() {
    let text = plus(
        "[[spend]]\nrecipe = \"plain\"\n\
         [[spend]]\nrecipe = \"other\"\nepochs = 5\nbatch_size = 2\noptimizer = { lr = 0.5 }\n\
         loss = \"none\"\naugmentation = \"none\"\nactivation = \"mish\"\n\
         architecture = { plugin = \"resnet\", params = { width = 8 } }\n",
    )
    .replace(
        "epochs = 10",
        "epochs = 10\noptimizer = { lr = 0.2, momentum = 0.5 }\nloss = \"label-smoothing\"\n\
         augmentation = \"crop-flip\"",
    );
    let config = read(&text);
    let [plain, other] = config.spends.as_slice() else { panic!("two recipes") };
    assert_eq!((&plain.train, &plain.model), (&config.train, &config.model));
    assert_eq!(plain.draws, ["imp"]);
    assert_eq!((plain.levels.as_ref(), plain.mask), (None, MaskControl::Own));
    assert_eq!((other.train.epochs, other.train.batch_size), (5, 2));
    // The whole optimizer is replaced: its momentum is the default again.
    assert!(matches!(other.train.optimizer, Optimizer::Sgd { lr: 0.5, momentum: 0.9, .. }));
    assert_eq!(other.train.loss, None);
    assert_eq!(other.train.augmentation, []);
    assert_eq!(other.train.activation.as_ref().unwrap().plugin, "mish");
    assert_ne!(other.model, config.model);
}

#[test]
fn a_rewind_list_makes_a_draw_of_each_point() {
    let text = plus(
        "[[draw]]\nname = \"once\"\nkeep = [0.1]\n\
         [[spend]]\nrecipe = \"some\"\ndraw = \"imp\"\n\
         [[spend]]\nrecipe = \"one\"\ndraw = [\"imp@2ep\"]\n\
         [[spend]]\nrecipe = \"all\"\n",
    )
    .replace("levels = 3", "levels = 3\nrewind = [\"init\", \"2ep\", \"500it\"]");
    let config = read(&text);
    assert_eq!(names(&config.draws), ["imp@init", "imp@2ep", "imp@500it", "once"]);
    let rewinds: Vec<_> = config.draws.iter().map(|draw| draw.rewind).collect();
    let steps = Rewind::At(Duration::Iterations(500));
    let epochs = Rewind::At(Duration::Epochs(2));
    assert_eq!(rewinds, [Rewind::Init, epochs, steps, Rewind::Init]);
    assert_eq!(config.spends[0].draws, ["imp@init", "imp@2ep", "imp@500it"]);
    assert_eq!(config.spends[1].draws, ["imp@2ep"]);
    assert_eq!(config.spends[2].draws, ["imp@init", "imp@2ep", "imp@500it", "once"]);
}

#[test]
fn one_rewind_point_alone_keeps_the_name_and_a_list_of_one_does_not() {
    let alone = read(&with("levels = 3", "levels = 3\nrewind = \"2ep\""));
    assert_eq!(names(&alone.draws), ["imp"]);
    let list = read(&with("levels = 3", "levels = 3\nrewind = [\"2ep\"]"));
    assert_eq!(names(&list.draws), ["imp@2ep"]);
}

#[test]
fn keywords_stand_for_the_default() {
    let text = plus(
        "[[spend]]\nrecipe = \"a\"\ndraw = \"all\"\nlevels = \"all\"\nticket_seed = \"own\"\n\
         mask = \"own\"",
    )
    .replace("name =", "threads = \"auto\"\nname =")
    .replace("epochs = 10", "epochs = 10\nloss = \"none\"\naugmentation = []")
    .replace("[data]", "[data]\nmean = \"auto\"\nstd = \"auto\"\ntrain_limit = \"all\"");
    assert_eq!(read(&text), read(&plus("[[spend]]\nrecipe = \"a\"")));
}

#[test]
fn dense_only_and_the_end_of_the_training_are_allowed() {
    let config = read(&with("levels = 3", "levels = 0\nrewind = \"10ep\""));
    assert_eq!(config.draws[0].levels.last(), 0);
}

#[test]
fn the_contracts_example_is_taken() {
    let text = r#"
name = "cifar100-resnet18"
seeds = [42, 43, 44]
device = "auto"
precision = "auto"
[plugins]
path = ["./plugins"]
[data]
dataset = "cifar100"
root = "data"
validation = 5000
[model]
architecture = { plugin = "resnet", params = { width = 64 } }
[train]
epochs = 182
batch_size = 128
optimizer = { name = "sgd", lr = 0.1, momentum = 0.9, weight_decay = 2e-4 }
lr_schedule = { plugin = "multi-step", params = { milestones = [90, 135], gammas = [0.1] } }
augmentation = [ { plugin = "crop-flip", params = { padding = 4 } } ]
[[draw]]
name = "imp"
score = { plugin = "magnitude" }
levels = 16
fraction = 0.2
rewind = "init"
prunable = ["conv"]
[[spend]]
recipe = "vanilla"
[[spend]]
recipe = "all"
draw = ["imp"]
levels = [0, 7, 10, 14, 16]
mask = "own"
activation = { plugin = "mish" }
skip = { plugin = "ghost-skip", params = { fade = "60ep" } }
init = { plugin = "lrsi" }
loss = { plugin = "label-smoothing", params = { alpha = 0.1 } }
"#;
    let config = read(text);
    assert_eq!(config.data.root.as_deref(), Some(Path::new("/exp/data")));
    assert_eq!(config.plugin_path, [Path::new("/exp/plugins")]);
    assert_eq!(config.spends[1].levels, Some(vec![0, 7, 10, 14, 16]));
    assert_eq!(config.spends[1].train.skip.as_ref().unwrap().params["form"], "linear");
}

#[test]
fn what_a_draw_trains_follows_from_its_keys() {
    let trained = |lines: &str| {
        let config = read(&with("levels = 3", lines));
        let draw = &config.draws[0];
        (0..3).map(|level| (draw.trains(level), draw.parent(level))).collect::<Vec<_>>()
    };
    let parents = [None, Some(0), Some(1)];
    assert_eq!(trained("levels = 3"), parents.map(|parent| (true, parent)));
    let one_shot = trained("levels = 3\nschedule = \"one-shot\"");
    assert_eq!(one_shot, [(true, None), (false, Some(0)), (false, Some(0))]);
    let at_init = trained("levels = 3\nprune_at = \"init\"");
    assert_eq!(at_init, parents.map(|parent| (false, parent)));
    let masks = trained("from = { mask = [\"a.safetensors\", \"b.safetensors\"] }");
    assert_eq!(masks, [(false, None), (false, Some(0)), (false, Some(0))]);
}

#[test]
fn files_start_at_the_folder_of_the_config() {
    let text =
        with("levels = 3", "from = { weights = \"w.safetensors\", mask = \"m.safetensors\" }");
    let draw = &read(&text).draws[0];
    let [weights, mask] =
        ["w", "m"].map(|name| Path::new("/exp").join(format!("{name}.safetensors")));
    assert_eq!(draw.weights, Some(weights));
    assert_eq!(draw.levels, Levels::Masks(vec![mask]));
    let spends = &read(&plus("[[spend]]\nrecipe = \"a\"\nteacher = { weights = \"t\" }")).spends;
    let weights = Path::new("/exp").join("t");
    assert_eq!(spends[0].train.teacher, Some(Teacher::File { weights, architecture: None }));
}
