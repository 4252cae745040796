//! Starting a check of the fixtures, and what it found.

use jackpot_tests::install::install;
use jackpot_tests::{Program, Ran};
use serde_json::Value;

/// What was found about the only item that was checked: level, check, message.
pub struct Found {
    pub all: Vec<[String; 3]>,
    pub ran: Ran,
}

/// The check of the fixtures.
pub fn check(arguments: &[&str]) -> Program {
    let file = install().plugin("fixtures");
    Program::new().args(["plugin", "check"]).arg(file).args(arguments)
}

/// The findings of a list.
pub fn findings(list: &Value) -> Vec<[String; 3]> {
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let one = |finding: &Value| ["level", "check", "message"].map(|key| text(finding, key));
    list.as_array().unwrap().iter().map(one).collect()
}

/// Checks an item of the fixtures with a parameter.
#[track_caller]
pub fn found(kind: &str, item: &str, params: &str, more: &[&str]) -> Found {
    let arguments = ["--json", "--kind", kind, "--item", item, "--params", params];
    let ran = check(&arguments).args(more).run();
    let json: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran}"));
    let items = json["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{ran}");
    let all = findings(&items[0]["findings"]);
    let errors = all.iter().filter(|[level, ..]| level == "error").count();
    assert_eq!(json["errors"], errors, "{ran}");
    assert_eq!(ran.code, i32::from(errors > 0), "{ran}");
    Found { all, ran }
}

impl Found {
    /// Fails unless just this was found of a check.
    #[track_caller]
    pub fn has(&self, level: &str, check: &str, message: &str) -> &Self {
        let of_check: Vec<_> = self.all.iter().filter(|[_, own, _]| own == check).collect();
        let [[own, _, said]] = of_check.as_slice() else { panic!("{check}\n{}", self.ran) };
        assert_eq!((own.as_str(), said.as_str()), (level, message), "{}", self.ran);
        self
    }

    /// Fails unless a check's only message contains that.
    #[track_caller]
    pub fn says(&self, level: &str, check: &str, part: &str) -> &Self {
        let own = self.all.iter().find(|[_, own, _]| own == check);
        let Some([own, _, said]) = own else { panic!("{check}\n{}", self.ran) };
        assert!(own == level && said.contains(part), "{part}\n{}", self.ran);
        self
    }

    /// Fails if anything else is wrong.
    #[track_caller]
    pub fn and_no_other_error(&self) {
        let errors = self.all.iter().filter(|[level, ..]| level == "error").count();
        assert_eq!(errors, 1, "{}", self.ran);
    }
}

/// Checks an item in one of its ways.
pub fn how(kind: &str, item: &str, how: &str) -> Found {
    found(kind, item, &format!("{{ how = '{how}' }}"), &[])
}

/// Checks the activation that only a process of its own survives.
pub fn wild(misdeed: &str) -> Found {
    how("activation", "wild-activation", misdeed)
}
