//! Which values of what is not given make a difference.
//!
//! A condition over a parameter without a value is decided for each value that the template compares it
//! with, and for one that is none of them. The deployment is evaluated for each; a verdict that is the
//! same for all holds. Of a mapping by a Region that is not known, the values of each Region are tried.

use std::collections::{BTreeMap, BTreeSet};

use super::super::source::TemplateError;
use super::super::value::{TemplateNode, TemplateValue, has_symbol};
use super::evaluate::{Evaluation, Sections, StackInput};
use super::stack::sections;

/// Most evaluations of one deployment.
const MOST: usize = 16;

/// Most Regions of a mapping that are tried.
const MOST_REGIONS: usize = 40;

/// Most allowed values of a parameter that are tried.
const MOST_VALUES: usize = 8;

/// The inputs to evaluate a deployment with.
pub(super) struct Alternative {
    pub(super) inputs: Vec<StackInput>,
    /// What differs between them.
    pub(super) references: BTreeSet<String>,
}

/// Types of resources that are read.
pub(super) fn is_read(kind: &str) -> bool {
    const EXACT: [&str; 13] = [
        "AWS::CloudTrail::EventDataStore",
        "AWS::CloudTrail::Trail",
        "AWS::Config::ConfigurationRecorder",
        "AWS::Config::DeliveryChannel",
        "AWS::Config::ConfigRule",
        "AWS::Events::Rule",
        "AWS::Scheduler::Schedule",
        "AWS::ApplicationAutoScaling::ScalableTarget",
        "AWS::CloudFormation::StackSet",
        "AWS::ServiceCatalog::CloudFormationProvisionedProduct",
        "AWS::KMS::Key",
        "AWS::KMS::Alias",
        "AWS::KMS::ReplicaKey",
    ];
    EXACT.contains(&kind)
        || [
            "AWS::S3",
            "AWS::Lambda::",
            "AWS::Serverless::",
            "AWS::IAM::",
        ]
        .iter()
        .any(|prefix| kind.starts_with(prefix))
        || kind.ends_with("::MODULE")
}

/// What a name stands for in an alternative.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum OpenChoice {
    /// A parameter, and the values that it is compared with.
    Parameter(String),
    /// A condition that compares other things.
    Condition(String),
    /// The Regions that mappings have values for.
    Region,
}

/// The alternatives of a deployment: its input as it is, where everything that matters is known.
///
/// # Errors
/// The template expands to more than is evaluated.
pub(super) fn of(root: &TemplateNode, input: &StackInput) -> Result<Alternative, TemplateError> {
    let sections = sections(root, input, &mut Vec::new())?;
    let evaluation = Evaluation::new(&sections, input);
    let mut finder = Finder {
        sections: &sections,
        evaluation: &evaluation,
        choices: BTreeMap::new(),
        seen: BTreeSet::new(),
    };
    for (_, resource) in &sections.resources {
        let kind = resource.get("Type").and_then(TemplateNode::as_text);
        if kind.is_some_and(|kind| is_read(&kind)) {
            if let Some(name) = resource.get("Condition").and_then(TemplateNode::as_text) {
                finder.named(&name);
            }
            if let Some(properties) = resource.get("Properties") {
                finder.properties(properties, 0);
            }
        }
    }
    let mut choices: Vec<(OpenChoice, BTreeSet<String>)> = finder.choices.into_iter().collect();
    choices.sort_by_key(|(_, values)| values.len());
    let mut inputs = vec![input.clone()];
    let mut references = BTreeSet::new();
    for (choice, values) in choices {
        let options = options(&sections, &choice, &values);
        let most = match choice {
            OpenChoice::Region => MOST_REGIONS,
            _ => MOST,
        };
        // A mapping may have no Region, as it is written.
        if options.is_empty() || inputs.len().saturating_mul(options.len()) > most {
            continue;
        }
        references.insert(match &choice {
            OpenChoice::Parameter(name) => name.clone(),
            OpenChoice::Condition(name) => format!("the condition {name}"),
            OpenChoice::Region => "AWS::Region".to_owned(),
        });
        inputs = inputs
            .iter()
            .flat_map(|input| options.iter().map(|option| option.applied(&choice, input)))
            .collect();
    }
    Ok(Alternative { inputs, references })
}

/// One value of a choice.
enum ChosenValue {
    Text(String),
    /// None of those that it is compared with.
    Other,
    Holds(bool),
}

impl ChosenValue {
    fn applied(&self, choice: &OpenChoice, input: &StackInput) -> StackInput {
        let mut input = input.clone();
        match (choice, self) {
            (OpenChoice::Parameter(name), Self::Text(value)) => {
                input
                    .parameters
                    .insert(name.clone(), TemplateNode::text(value.clone()));
                input
                    .chosen
                    .insert(format!("parameter {name}"), value.clone());
            }
            (OpenChoice::Parameter(name), Self::Other) => {
                input.other.insert(name.clone());
            }
            (OpenChoice::Condition(name), Self::Holds(value)) => {
                input.assumed.insert(name.clone(), *value);
            }
            (OpenChoice::Region, Self::Text(region)) => {
                input.mapped_region = Some(region.clone());
                input.chosen.insert("Region".to_owned(), region.clone());
            }
            _ => {}
        }
        input
    }
}

fn allowed_values(sections: &Sections, name: &str) -> Option<Vec<String>> {
    let values = sections.parameters.get(name)?.get("AllowedValues")?;
    let values: Option<Vec<String>> = values.items().iter().map(TemplateNode::as_text).collect();
    values.filter(|values| !values.is_empty() && values.len() <= MOST_VALUES)
}

fn options(
    sections: &Sections,
    choice: &OpenChoice,
    compared: &BTreeSet<String>,
) -> Vec<ChosenValue> {
    match choice {
        OpenChoice::Region => compared.iter().cloned().map(ChosenValue::Text).collect(),
        OpenChoice::Condition(_) => vec![ChosenValue::Holds(true), ChosenValue::Holds(false)],
        OpenChoice::Parameter(name) => match allowed_values(sections, name) {
            Some(values) => values.into_iter().map(ChosenValue::Text).collect(),
            None => compared
                .iter()
                .cloned()
                .map(ChosenValue::Text)
                .chain([ChosenValue::Other])
                .collect(),
        },
    }
}

struct Finder<'a> {
    sections: &'a Sections,
    evaluation: &'a Evaluation<'a>,
    choices: BTreeMap<OpenChoice, BTreeSet<String>>,
    seen: BTreeSet<String>,
}

impl Finder<'_> {
    /// What matters in properties: conditions of branches, and parameters with a few allowed values.
    fn properties(&mut self, node: &TemplateNode, depth: usize) {
        if depth > super::super::source::DEEPEST {
            return;
        }
        match &node.value {
            TemplateValue::List(items) => {
                for item in items {
                    self.properties(item, depth + 1);
                }
            }
            TemplateValue::Map(members) => {
                for (name, value) in members {
                    match name.as_str() {
                        "Fn::If" => {
                            if let Some(condition) =
                                value.items().first().and_then(TemplateNode::as_text)
                            {
                                self.named(&condition);
                            }
                        }
                        "Ref" => self.allowed(value),
                        "Fn::FindInMap" => self.mapped(value),
                        _ => {}
                    }
                    self.properties(value, depth + 1);
                }
            }
            _ => {}
        }
    }

    /// A mapping by a Region that is not known.
    fn mapped(&mut self, argument: &TemplateNode) {
        let [map, key, _, rest @ ..] = argument.items() else {
            return;
        };
        let by_region = key
            .get("Ref")
            .and_then(TemplateNode::as_text)
            .is_some_and(|name| name == "AWS::Region");
        if !by_region || self.evaluation.input.region.is_some() {
            return;
        }
        let sections = self.sections;
        let name = self.evaluation.evaluate(map).and_then(|map| map.as_text());
        let regions = name.and_then(|name| sections.mappings.get(&name));
        if let Some(regions) = regions.filter(|regions| !regions.is_empty()) {
            let known = self.choices.entry(OpenChoice::Region).or_default();
            known.extend(regions.members().iter().map(|(region, _)| region.clone()));
            // A default holds in the Regions that the mapping does not have.
            if !rest.is_empty() {
                known.insert("another Region".to_owned());
            }
        }
    }

    fn allowed(&mut self, name: &TemplateNode) {
        let Some(name) = self.unknown_parameter(name) else {
            return;
        };
        if allowed_values(self.sections, &name).is_some() {
            self.choices.entry(OpenChoice::Parameter(name)).or_default();
        }
    }

    /// A parameter that has no value.
    fn unknown_parameter(&self, name: &TemplateNode) -> Option<String> {
        let name = name.as_text()?;
        let kind = self
            .sections
            .parameters
            .get(&name)?
            .get("Type")?
            .as_text()?;
        let value = self.evaluation.reference(&name)?;
        (matches!(kind.as_str(), "String" | "Number") && value.reference().is_some())
            .then_some(name)
    }

    fn named(&mut self, name: &str) {
        if self.evaluation.named_condition(name).is_some() || !self.seen.insert(name.to_owned()) {
            return;
        }
        if let Some(condition) = self.sections.conditions.get(name)
            && !self.condition(condition, 0)
        {
            self.choices
                .entry(OpenChoice::Condition(name.to_owned()))
                .or_default();
        }
    }

    /// Finds the parameters that decide a condition; false where something else does.
    fn condition(&mut self, node: &TemplateNode, depth: usize) -> bool {
        if depth > super::super::source::DEEPEST {
            return false;
        }
        if self.evaluation.condition(node).is_some() {
            return true;
        }
        let [(name, argument)] = node.members() else {
            return false;
        };
        match name.as_str() {
            "Condition" => {
                if let Some(name) = argument.as_text() {
                    self.named(&name);
                }
                true
            }
            "Fn::Not" | "Fn::And" | "Fn::Or" => {
                // Every operand is visited: each may name parameters.
                let mut all = true;
                for operand in argument.items() {
                    all &= self.condition(operand, depth + 1);
                }
                all
            }
            "Fn::Equals" => {
                let [left, right] = argument.items() else {
                    return false;
                };
                [(left, right), (right, left)]
                    .into_iter()
                    .any(|(parameter, literal)| self.compared(parameter, literal))
            }
            _ => false,
        }
    }

    fn compared(&mut self, parameter: &TemplateNode, literal: &TemplateNode) -> bool {
        let name = parameter
            .get("Ref")
            .and_then(|name| self.unknown_parameter(name));
        let literal = self
            .evaluation
            .evaluate(literal)
            .and_then(|literal| literal.as_text())
            .filter(|literal| !has_symbol(literal));
        match (name, literal) {
            (Some(name), Some(literal)) => {
                self.choices
                    .entry(OpenChoice::Parameter(name))
                    .or_default()
                    .insert(literal);
                true
            }
            _ => false,
        }
    }
}
