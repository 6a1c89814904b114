//! Checks are data: a short condition over facts, in one YAML file each.
