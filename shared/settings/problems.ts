// What can be wrong with the settings, and how an administrator is told.

import { unreachable } from '#shared/runtime/errors.ts'

/** In place of what nobody is shown. */
export const SECRET = '(secret)'

/** Where a value came from. */
export type ValueOrigin =
  | { readonly kind: 'default' }
  /** Changed while the system ran, and kept in its store. */
  | { readonly kind: 'stored' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'override' }
  /** What the deployment on AWS has the last word on (deployed.ts). */
  | { readonly kind: 'deployment' }

export type Problem =
  | {
      readonly kind: 'unknown-key'
      readonly key: string
      readonly origin: ValueOrigin
      readonly nearest: string | undefined
    }
  | {
      readonly kind: 'bad-value'
      readonly key: string
      readonly value: string
      readonly origin: ValueOrigin
      readonly allowed: string
    }
  /** What stands in it cannot be found: another setting, a file. */
  | {
      readonly kind: 'unresolved'
      readonly key: string
      readonly value: string
      readonly origin: ValueOrigin
      readonly reason: string
    }
  | {
      readonly kind: 'bad-file'
      readonly path: string
      readonly line: number
      readonly column: number
      readonly reason: string
    }
  | { readonly kind: 'bad-override'; readonly argument: string }
  /** Each value is allowed, but not together. */
  | { readonly kind: 'conflict'; readonly keys: readonly string[]; readonly reason: string }

export function formatOrigin(origin: ValueOrigin): string {
  switch (origin.kind) {
    case 'default':
      return 'default'
    case 'stored':
      return 'stored'
    case 'file':
      return origin.path
    case 'environment':
      return `environment variable ${origin.variable}`
    case 'override':
      return '--set'
    case 'deployment':
      return 'the deployment'
    default:
      return unreachable(origin)
  }
}

export function formatProblem(problem: Problem): string {
  switch (problem.kind) {
    case 'unknown-key': {
      const hint = problem.nearest === undefined ? '' : `; did you mean ${problem.nearest}?`
      return `${problem.key} is not a setting (from ${formatOrigin(problem.origin)})${hint}`
    }
    case 'bad-value':
      return `${problem.key} cannot be '${problem.value}' (from ${formatOrigin(problem.origin)}); allowed: ${problem.allowed}`
    case 'unresolved':
      return `${problem.key} cannot be '${problem.value}' (from ${formatOrigin(problem.origin)}): ${problem.reason}`
    case 'bad-file':
      return `${problem.path}:${problem.line}:${problem.column} is not TOML: ${problem.reason}${quotesHint(problem.reason)}`
    case 'bad-override':
      return `--set wants key=value, not '${problem.argument}'`
    case 'conflict':
      return `${problem.keys.join(' and ')}: ${problem.reason}`
    default:
      return unreachable(problem)
  }
}

/** Lines of main.cf have none. */
const quotesHint = (reason: string) =>
  reason === 'invalid value' ? '; a text stands in quotes, as in hostname = "mail.example.net"' : ''
