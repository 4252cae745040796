//! The decision, dry: machines that never were.

use jackpot_libtorch::{Unfit, Version};

use super::Want;
use super::libtorch::Libtorch;
use super::machine::{Machine, Managed};
use super::plan::Plan;
use super::probe::{Compiler, Driver, Libc};
use super::problem::Problem;
use super::python::Python;
use super::wheel::Set;

/// A fresh Debian with Python 3.11, pip, a compiler and room.
fn fresh() -> Machine {
    Machine {
        os: "linux".into(),
        architecture: "x86_64".into(),
        libc: Libc::Glibc(Some((2, 36))),
        compiler: Compiler::Found,
        from_user: None,
        managed: Managed::Absent,
        pythons: vec![python("python3")],
        torches: vec![Err(Unfit::NotThere)],
        driver: Driver::None,
        free: Some(50_000_000_000),
    }
}

fn python(command: &str) -> Python {
    Python { command: command.into(), version: (3, 11), pip: Some((23, 2)), torch: None }
}

fn torch(path: &str, cuda: bool) -> Libtorch {
    let version = Version::parse("2.11.0+cu130").unwrap();
    Libtorch { path: path.into(), version, cuda }
}

fn fetch(set: Set) -> Plan {
    Plan::Fetch { python: "python3".into(), version: (3, 11), set }
}

fn with_python_torch(cuda: bool) -> Machine {
    let mut machine = fresh();
    machine.pythons.push(Python { torch: Some("/env/torch".into()), ..python("python") });
    machine.torches.push(Ok(torch("/env/torch", cuda)));
    machine
}

#[test]
fn a_fresh_machine_fetches_what_its_driver_can_use() {
    let plan = |driver, want| Machine { driver, ..fresh() }.plan(want).unwrap();
    assert_eq!(plan(Driver::None, Want::Fitting), fetch(Set::Light));
    assert_eq!(plan(Driver::Unknown, Want::Fitting), fetch(Set::Cuda));
    assert_eq!(plan(Driver::Version(580), Want::Fitting), fetch(Set::Cuda));
    assert_eq!(plan(Driver::Version(535), Want::Fitting), fetch(Set::Light));
    assert_eq!(plan(Driver::Version(580), Want::Light), fetch(Set::Light));
    assert_eq!(plan(Driver::None, Want::Cuda), fetch(Set::Cuda));
}

#[test]
fn the_users_libtorch_goes_before_all_others() {
    let own = torch("/own", false);
    let mut machine = with_python_torch(true);
    machine.from_user = Some(("/own".into(), Ok(own.clone())));
    let plan = |machine: &Machine| machine.plan(Want::Fitting).unwrap();
    assert_eq!(plan(&machine), Plan::Own { libtorch: own.clone(), link: true });
    machine.managed = Managed::Good(torch("/r/.libtorch/torch", true));
    assert_eq!(plan(&machine), Plan::Own { libtorch: own, link: false });
}

#[test]
fn a_wrong_users_libtorch_is_an_error_and_not_passed_over() {
    let mut machine = with_python_torch(true);
    let why = Unfit::Version(Version::parse("2.9.1").unwrap());
    machine.from_user = Some(("/own".into(), Err(why)));
    let text = machine.plan(Want::Fitting).unwrap_err().to_string();
    assert!(text.contains("$LIBTORCH") && text.contains("torch 2.9.1") && text.contains("/own"));
    assert!(text.contains("unset LIBTORCH"));
}

#[test]
fn what_an_earlier_set_up_left_is_used_again() {
    let light = torch("/r/.libtorch/torch", false);
    let machine = Machine { managed: Managed::Good(light.clone()), ..with_python_torch(true) };
    assert_eq!(machine.plan(Want::Fitting).unwrap(), Plan::Ready(light.clone()));
    assert_eq!(machine.plan(Want::Light).unwrap(), Plan::Ready(light));
    // Unless more is asked for than it has.
    assert!(matches!(machine.plan(Want::Cuda).unwrap(), Plan::Link { .. }));
}

#[test]
fn a_pythons_torch_goes_before_fetching() {
    let link = Plan::Link { libtorch: torch("/env/torch", false), python: "python".into() };
    assert_eq!(with_python_torch(false).plan(Want::Fitting).unwrap(), link);
    assert_eq!(with_python_torch(false).plan(Want::Cuda).unwrap(), fetch(Set::Cuda));

    let mut old = with_python_torch(false);
    old.torches[1] = Err(Unfit::Version(Version::parse("2.8.0").unwrap()));
    let plan = old.plan(Want::Fitting).unwrap();
    assert_eq!(plan, fetch(Set::Light));
    assert_eq!(old.notes(&plan), ["/env/torch is left aside: it is torch 2.8.0"]);
}

#[test]
fn a_stale_link_is_replaced_and_a_strange_folder_is_not() {
    let stale = Machine { managed: Managed::StaleLink(Unfit::NotThere), ..fresh() };
    assert_eq!(stale.plan(Want::Fitting).unwrap(), fetch(Set::Light));
    let strange = Machine { managed: Managed::UnfitFolder(Unfit::NoVersion), ..fresh() };
    assert!(matches!(strange.plan(Want::Fitting), Err(Problem::FolderUnfit { .. })));
}

#[test]
fn drivers_that_are_not_used_are_mentioned() {
    let machine = Machine { driver: Driver::Version(535), ..fresh() };
    let notes = machine.notes(&machine.plan(Want::Fitting).unwrap());
    assert!(notes[0].contains("535") && notes[0].contains("580"));
    let managed = Managed::Good(torch("/t", false));
    let machine = Machine { driver: Driver::Version(580), managed, ..fresh() };
    let notes = machine.notes(&machine.plan(Want::Fitting).unwrap());
    assert!(notes[0].contains("setup --cuda"));
    assert!(fresh().notes(&fetch(Set::Light)).is_empty());
}

/// Changes a fresh machine, expects a problem, and checks that its text fits a screen.
fn stopped(change: impl FnOnce(&mut Machine)) -> String {
    let mut machine = fresh();
    change(&mut machine);
    let text = machine.plan(Want::Fitting).unwrap_err().to_string();
    assert!(text.lines().count() <= 20, "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 110), "{text}");
    text
}

#[test]
fn other_platforms_are_refused_by_name() {
    assert!(stopped(|m| m.os = "macos".into()).contains("macos x86_64"));
    assert!(stopped(|m| m.architecture = "aarch64".into()).contains("linux aarch64"));
    assert!(stopped(|m| m.libc = Libc::Other).contains("other than glibc"));
    assert!(stopped(|m| m.libc = Libc::Glibc(Some((2, 27)))).contains("glibc 2.27"));
    let unknown = Machine { libc: Libc::Glibc(None), ..fresh() };
    assert!(unknown.plan(Want::Fitting).is_ok());
}

#[test]
fn a_missing_compiler_is_asked_for() {
    assert!(stopped(|m| m.compiler = Compiler::Missing).contains("apt install g++"));
    let other = stopped(|m| m.compiler = Compiler::Unnamed("clang++"));
    assert!(other.contains("export CXX=clang++"));
    assert!(stopped(|m| m.compiler = Compiler::WrongCxx("g++-99".into())).contains("`g++-99`"));
}

#[test]
fn missing_pythons_and_pips_are_asked_for() {
    let none = stopped(|m| m.pythons.clear());
    assert!(none.contains("no Python 3") && none.contains("export LIBTORCH="));
    let no_pip = stopped(|m| m.pythons[0].pip = None);
    assert!(no_pip.contains("no pip (python3)") && no_pip.contains("ensurepip"), "{no_pip}");
    let old = stopped(|m| m.pythons[0].pip = Some((20, 0)));
    assert!(old.contains("pip 20.0 is too old, 20.3 is needed"), "{old}");
    // A second Python that can do it is as good.
    let mut machine = fresh();
    machine.pythons[0].pip = None;
    machine.pythons.push(python("python"));
    machine.torches.push(Err(Unfit::NotThere));
    assert!(matches!(machine.plan(Want::Fitting), Ok(Plan::Fetch { python, .. })
        if python.as_os_str() == "python"));
}

#[test]
fn too_little_space_is_said_with_both_numbers() {
    let text = stopped(|m| m.free = Some(1_200_000_000));
    assert!(text.contains("1.2 GB free") && text.contains("2.5 GB needed"), "{text}");
    let text = stopped(|m| {
        m.free = Some(4_000_000_000);
        m.driver = Driver::Unknown;
    });
    assert!(text.contains("8.0 GB needed") && text.contains("setup --light"), "{text}");
    let unknown = Machine { free: None, ..fresh() };
    assert_eq!(unknown.plan(Want::Fitting).unwrap(), fetch(Set::Light));
}

#[test]
fn the_words_about_pips_failures_fit_a_screen() {
    let said: Vec<String> = (0..12).map(|i| format!("ERROR: line {i}")).collect();
    for problem in [
        Problem::SpaceRanOut { set: Set::Cuda },
        Problem::NoWheel { said: said[..3].to_vec() },
        Problem::Network { said: said[..6].to_vec() },
        Problem::Pip { code: Some(2), said: said.clone() },
        Problem::Pip { code: None, said: vec![] },
        Problem::Fetched { why: Unfit::Lacks("include/torch") },
    ] {
        let text = problem.to_string();
        assert!(text.lines().count() <= 24, "{text}");
        assert!(text.contains("export LIBTORCH="), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 115), "{text}");
    }
}
