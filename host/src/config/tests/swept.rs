//! `sweep`: which trials it makes, and what is wrong with others.

use super::*;

fn swept(lines: &str) -> String {
    with("\"synthetic\"", "\"synthetic\"\nvalidation = 10")
        + &format!("\n[[spend]]\nrecipe = \"tuned\"\n{lines}\n")
}

#[test]
fn every_combination_is_a_trial_that_keeps_what_it_inherits() {
    let text = swept("sweep = { \"optimizer.lr\" = [0.05, 0.2], epochs = [2, 3] }").replace(
        "epochs = 10",
        "epochs = 10\noptimizer = { name = \"sgd\", lr = 0.1, momentum = 0.5 }",
    );
    let config = read(&text);
    let of = |name: &str| config.spends.iter().find(|spend| spend.recipe == name);
    let names: Vec<&str> = config.spends.iter().map(|spend| spend.recipe.as_str()).collect();
    assert_eq!(
        names,
        [
            "tuned@lr-0.05@epochs-2",
            "tuned@lr-0.05@epochs-3",
            "tuned@lr-0.2@epochs-2",
            "tuned@lr-0.2@epochs-3"
        ]
    );
    let trial = of("tuned@lr-0.2@epochs-3").expect("a trial");
    assert_eq!(trial.trial_of.as_deref(), Some("tuned"));
    assert_eq!((trial.train.epochs, trial.train.optimizer.lr()), (3, 0.2));
    let Optimizer::Sgd { momentum, .. } = trial.train.optimizer else { panic!("sgd") };
    assert_eq!(momentum, 0.5);
    // Written out and read again it is the same.
    assert_eq!(read(&to_toml(&config)), config);
}

#[test]
fn a_way_may_be_written_with_tables_and_lead_into_plugins() {
    let dotted = read(&swept("sweep = { optimizer.lr = [0.3] }"));
    assert_eq!(dotted.spends[0].recipe, "tuned@lr-0.3");
    let text = swept("activation = \"swish\"\nsweep = { \"activation.params.beta\" = [1.0, 2.0] }");
    let config = read(&text);
    let betas = config.spends.iter().map(|it| it.train.activation.clone().unwrap().params);
    let betas: Vec<Value> = betas.map(|params| params["beta"].clone()).collect();
    assert_eq!(betas, [json!(1.0), json!(2.0)]);
}

#[test]
fn what_cannot_be_swept_is_told_where_it_stands() {
    for (lines, expected) in [
        ("sweep = { epochs = 3 }", "a key of `sweep` has a list of values"),
        ("sweep = { epochs = [] }", "a key of `sweep` has a list of values"),
        ("sweep = {}", "`sweep` names no key"),
        ("sweep = [1]", "a key of `sweep` has a list of values"),
        ("sweep = { levels = [[0], [1]] }", "`levels` cannot be swept"),
        ("trial_of = \"x\"\nsweep = { epochs = [1] }", "`sweep` already makes trials"),
        ("sweep = { epochs = [1, 1] }", "two recipes are named `tuned@epochs-1`"),
        ("sweep = { epochs = [0] }", "`epochs` must be a whole number of at least 1, not 0"),
        ("sweep = { epoch = [1] }", "unknown key `epoch`"),
    ] {
        let found = refused(&swept(lines), &Overrides::default());
        assert!(found.contains(expected), "{lines}\n{found}");
    }
    let many: Vec<String> = (1..=101).map(|n| n.to_string()).collect();
    let many = swept(&format!("sweep = {{ epochs = [{}] }}", many.join(", ")));
    let found = refused(&many, &Overrides::default());
    assert!(found.contains("makes more than 100 trials"), "{found}");
    // Trials are chosen on validation images.
    let none = swept("sweep = { epochs = [1] }").replace("validation = 10", "validation = 0");
    let found = refused(&none, &Overrides::default());
    assert!(found.contains("chosen by its accuracy on validation images"), "{found}");
}
