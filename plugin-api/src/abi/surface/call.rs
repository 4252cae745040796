//! A line of the surface: `kind name (argument: type, ...) -> (result: type, ...)`.

/// A hook or a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// A hook's kind, or `*`.
    pub of: Option<String>,
    /// Its name.
    pub name: String,
    /// What it takes.
    pub(super) arguments: Vec<Slot>,
    /// What it gives.
    pub(super) results: Vec<Slot>,
}

/// A named value of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    name: String,
    ty: String,
}

impl Call {
    pub(super) fn parse(line: &str) -> Option<Self> {
        let (names, rest) = line.split_once(" (")?;
        let (arguments, results) = rest.strip_suffix(')')?.split_once(") -> (")?;
        let (of, name) = match names.split_once(' ') {
            Some((kind, name)) => (Some(kind.to_owned()), name),
            None => (None, names),
        };
        let (arguments, results) = (slots(arguments)?, slots(results)?);
        Some(Self { of, name: name.to_owned(), arguments, results })
    }

    pub(super) fn check(&self, slots: &[Slot], given: Vec<(&str, &str)>) -> Result<(), String> {
        for (name, ty) in &given {
            if !slots.iter().any(|slot| slot.fits(name) && slot.is(ty)) {
                return Err(format!("`{}` does not cross with `{name}: {ty}`", self.name));
            }
        }
        let missing = |slot: &&Slot| {
            let single = !slot.name.ends_with('*') && !slot.ty.ends_with('?');
            single && !given.iter().any(|(name, _)| slot.fits(name))
        };
        match slots.iter().find(missing) {
            Some(slot) => Err(format!("`{}` crosses without `{}`", self.name, slot.name)),
            None => Ok(()),
        }
    }
}

impl Slot {
    fn fits(&self, name: &str) -> bool {
        match self.name.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == self.name,
        }
    }

    fn is(&self, ty: &str) -> bool {
        match self.ty.strip_suffix('?') {
            Some(wanted) => ty == wanted || ty == "none",
            None => ty == self.ty,
        }
    }
}

fn slots(text: &str) -> Option<Vec<Slot>> {
    let slot = |one: &str| {
        let (name, ty) = one.split_once(": ")?;
        // After the type comes what a text's JSON is.
        let ty = ty.split(' ').next()?;
        Some(Slot { name: name.to_owned(), ty: ty.to_owned() })
    };
    text.split(", ").filter(|one| !one.is_empty()).map(slot).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> Call {
        Call::parse("skip rewrite (graph: text GraphView, part.*: tensor, dtype: dtype?) -> ()")
            .unwrap()
    }

    #[test]
    fn a_line_has_kind_name_arguments_and_results() {
        let call = call();
        assert_eq!((call.of.as_deref(), call.name.as_str()), (Some("skip"), "rewrite"));
        assert_eq!((call.arguments.len(), call.results.len()), (3, 0));
        assert_eq!(Call::parse("site () -> (site: text Site)").unwrap().of, None);
        assert_eq!(Call::parse("site () -> site"), None);
    }

    #[test]
    fn what_is_not_listed_or_missing_is_told() {
        let call = call();
        let check = |given: &[(&str, &str)]| call.check(&call.arguments, given.to_vec());
        assert_eq!(check(&[("graph", "text")]), Ok(()));
        assert_eq!(check(&[("graph", "text"), ("part.a", "tensor"), ("dtype", "none")]), Ok(()));
        assert_eq!(
            check(&[("graph", "int")]).unwrap_err(),
            "`rewrite` does not cross with `graph: int`"
        );
        assert_eq!(
            check(&[("graph", "text"), ("other", "text")]).unwrap_err(),
            "`rewrite` does not cross with `other: text`"
        );
        assert_eq!(check(&[("dtype", "none")]).unwrap_err(), "`rewrite` crosses without `graph`");
    }
}
