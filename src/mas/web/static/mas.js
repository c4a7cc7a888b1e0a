// Comfort on top of plain links and forms: each of them works without this module.
