//! Reads settings, which `sabai_wire` tables by field; what is wrong with them is told by the variables' names.

use sabai_wire::settings::{Field, SettingProblem};

use super::reader::{self, Reader};

/// Looks fields up in the environment.
pub type Fields<'a> = &'a mut dyn FnMut(&'static Field) -> Option<String>;

/// Reads settings by their own door; `None` when `reader` has noted problems.
pub fn read<T>(
    reader: &mut Reader<'_>,
    from_lookup: impl FnOnce(Fields<'_>) -> Result<T, Vec<SettingProblem>>,
) -> Option<T> {
    let mut sources = vec![];
    let result = from_lookup(&mut |field| {
        let source = reader.source_of(field.variable)?;
        let text = source.get_by(reader.read_file);
        let text = text.map_err(|error| {
            reader.problem(reader::named(field.variable, &source), error.in_full())
        });
        sources.push((field, source));
        text.ok().map(|text| text.expose().to_owned())
    });
    let problems = match result {
        Ok(settings) => return Some(settings),
        Err(problems) => problems,
    };
    for problem in problems {
        let rule = problem.rule(|field| field.variable.to_owned());
        let source = sources
            .iter()
            .find(|(field, _)| *field == problem.field())
            .map(|(_, source)| source);
        let variable = problem.field().variable;
        match source {
            Some(source) => {
                let shown = reader::shown(problem.value(), false, source);
                reader.problem(reader::named(variable, source), shown + &rule);
            }
            // A default that another field's value made wrong.
            None => reader.problem(
                variable,
                format!("{} (the default) {rule}", problem.value()),
            ),
        }
    }
    None
}
