//! What a check of a device found.

use serde::{Serialize, Serializer};

use super::compare::Difference;

/// What came of an item in one precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Ok,
    Failed,
    Skipped,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// An item in one precision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    pub kind: String,
    pub name: String,
    pub precision: &'static str,
    pub status: Status,
    /// Why it failed before anything could be compared, or was skipped.
    pub reason: Option<String>,
    /// Whether its training steps are captured as a graph; `None` for what is no part of one.
    pub captured: Option<bool>,
    /// Why they are not. They run by operators then, which is no failure.
    pub not_captured: Option<String>,
    /// All quantities, in the order of a step.
    #[serde(serialize_with = "finite")]
    pub differences: Vec<Difference>,
}

impl Row {
    /// What lies furthest from the reference's, by its bound.
    pub fn worst(&self) -> Option<&Difference> {
        self.differences.iter().max_by(|a, b| a.share().total_cmp(&b.share()))
    }
}

/// A device against the CPU in f32.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub device: String,
    pub threads: usize,
    pub torch: String,
    pub rows: Vec<Row>,
}

impl Report {
    /// The number of rows of that status.
    pub fn count(&self, status: Status) -> usize {
        self.rows.iter().filter(|row| row.status == status).count()
    }
}

/// JSON has no infinity: an infinite error is `"inf"`, as elsewhere.
fn finite<S: Serializer>(differences: &[Difference], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(differences.iter().map(|one| {
        let error = match one.error.is_finite() {
            true => one.error.into(),
            false => serde_json::Value::from("inf"),
        };
        serde_json::json!({
            "quantity": one.quantity, "tensor": one.tensor, "error": error, "bound": one.bound,
            "tensors": one.tensors, "left_out": one.left_out,
        })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_is_told_by_its_bound() {
        let one = |quantity, error, bound| Difference {
            quantity,
            tensor: "t".to_owned(),
            error,
            bound,
            tensors: 1,
            left_out: 0,
        };
        let row = Row {
            kind: "loss".to_owned(),
            name: "kd".to_owned(),
            precision: "f32",
            status: Status::Failed,
            reason: None,
            captured: None,
            not_captured: None,
            differences: vec![
                one("outputs", 0.5, 1.0),
                one("loss", f64::INFINITY, 1.0),
                one("rate", 0.0, 0.0),
            ],
        };
        assert_eq!(row.worst().unwrap().quantity, "loss");
        let json = serde_json::to_value(&row).unwrap();
        assert_eq!(json["differences"][1]["error"], "inf");
        assert_eq!(
            (&json["status"], &json["differences"][0]["error"]),
            (&"failed".into(), &0.5.into())
        );
    }
}
