/**
 * Policies in Cedar, behind qonsent's `Policies` port: parsed once, evaluated in WebAssembly that is loaded with the
 * first question, checked against a schema when they are saved.
 */
export { type CedarPolicies, createCedar } from './cedar.ts'
