// The conditions of one recipe as one test of Sieve.

import { all, always, any, type Condition, not, stringsText, test } from './condition-text.ts'
import { daemonTest, withDestinations } from './daemons.ts'
import { headerTest } from './header-pattern.ts'
import { parsePattern } from './pattern.ts'
import { Untranslatable } from './untranslatable.ts'
import { bodyTest, valueTest } from './value-test.ts'
import { isDynamic, sieveText, substituted, type Variables } from './variables.ts'
import { scored, type Weighted } from './weights.ts'

export type ConditionContext = {
  readonly flags: string
  readonly variables: Variables
  readonly remark: (text: string) => void
}

export function recipeCondition(
  conditions: readonly string[],
  context: ConditionContext,
): Condition {
  const plain: Condition[] = []
  const weighted: Weighted[] = []
  for (const text of conditions) {
    const weight = /^([-+]?[0-9.]+)\s*\^\s*([-+]?[0-9.]+)/.exec(text)
    if (weight === null) {
      plain.push(condition(text, context))
      continue
    }
    const [head, by, exponent] = weight
    const rest = text.slice(head.length).trim()
    weighted.push({
      weight: Number(by),
      exponent: Number(exponent),
      condition: rest === '' ? always : condition(rest, context),
      isSize: /^[<>]/.test(rest),
    })
  }
  return weighted.length === 0 ? all(plain) : all([...plain, scored(weighted)])
}

function condition(text: string, context: ConditionContext): Condition {
  const first = text[0]
  const rest = text.slice(1).trim()
  switch (first) {
    case '!':
      return not(condition(rest, context))
    case '$':
      return condition(substituted(rest, context.variables).trimStart(), context)
    case '?':
      throw new Untranslatable('it asks a program')
    case '<':
    case '>':
      return size(first, rest)
    default:
      return named(text, context)
  }
}

function size(comparison: '<' | '>', text: string): Condition {
  if (!/^\d{1,10}$/.test(text)) throw new Untranslatable('a size that is no number')
  return test(`size ${comparison === '<' ? ':under' : ':over'} ${text}`, [])
}

/** `NAME ?? pattern`. */
function named(text: string, context: ConditionContext): Condition {
  const found = /^([A-Za-z_][A-Za-z0-9_]*)\s*\?\?/.exec(text)
  if (found === null) return searched(text, context)
  const [head, name = ''] = found
  const rest = text.slice(head.length).trim()
  if (/^(H|B|HB|BH)$/.test(name)) {
    const others = context.flags.replace(/[HB]/g, '')
    return condition(rest, { ...context, flags: others + name })
  }
  if (rest.startsWith('!')) return not(named(`${name} ?? ${rest.slice(1).trim()}`, context))
  return variable(name, rest, context)
}

function variable(name: string, pattern: string, context: ConditionContext): Condition {
  const value = context.variables.get(name)
  const source = stringsText([sieveText(value)])
  const hasCase = context.flags.includes('D')
  const words = (match: string, keys: string) => `string ${match} ${source} ${keys}`
  const alternatives = parsePattern(pattern)
  return any(
    alternatives.map((each) => {
      const isAnchored = each[0]?.kind === 'start' || each[0]?.kind === 'edge'
      const inner = (isAnchored ? each.slice(1) : each).map((node) =>
        node.kind === 'edge' ? ({ kind: 'end' } as const) : node,
      )
      return valueTest(inner, isAnchored, { words, needs: ['variables'], hasCase })
    }),
  )
}

function searched(text: string, { flags, remark }: ConditionContext): Condition {
  if (isDynamic(text)) throw new Untranslatable('its pattern is known only when a message is there')
  const hasCase = flags.includes('D')
  const inBody = flags.includes('B')
  const inHeader = flags.includes('H') || !inBody
  const daemon = daemonTest(text)
  if (daemon !== undefined) {
    if (inBody) throw new Untranslatable('^FROM_… is not searched in a body')
    return daemon
  }
  if (/\^FROM_(DAEMON|MAILER)/.test(text)) {
    throw new Untranslatable('^FROM_… stands together with another pattern')
  }
  if (text.includes('=?') || text.includes('=\\?')) {
    throw new Untranslatable('encoded words are decoded before Sieve compares them')
  }
  const alternatives = parsePattern(withDestinations(text))
  const tests: Condition[] = []
  if (inHeader) tests.push(headerTest(alternatives, { hasCase, remark }))
  if (inBody) tests.push(...alternatives.map((each) => bodyTest(each, hasCase)))
  return any(tests)
}
