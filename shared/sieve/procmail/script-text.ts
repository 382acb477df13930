// Commands of a translated script, and how they are printed: comments above, blocks indented by two blanks.

import { printString } from '../language/print.ts'
import { type Condition, conditionText, isAlways, needsOf } from './condition-text.ts'

export type Rule =
  | { readonly kind: 'comment'; readonly text: string }
  | { readonly kind: 'command'; readonly text: string; readonly needs: readonly string[] }
  | {
      readonly kind: 'if'
      readonly condition: Condition
      /** `elsif` of the one before it. */
      readonly isElse: boolean
      readonly body: readonly Rule[]
    }

export const comment = (text: string): Rule => ({ kind: 'comment', text })

export function command(text: string, needs: readonly string[] = []): Rule {
  return { kind: 'command', text: `${text};`, needs }
}

export const stop: Rule = command('stop')

/** A rule without a condition is its body. */
export function when(condition: Condition, body: readonly Rule[], isElse = false): readonly Rule[] {
  return isAlways(condition) && !isElse ? body : [{ kind: 'if', condition, isElse, body }]
}

export function printRules(rules: readonly Rule[], head: readonly string[]): string {
  const needs = [...new Set(rules.flatMap(ruleNeeds))]
  const required = needs.map(printString)
  const requirement = required.length === 0 ? [] : [`require [${required.join(', ')}];`]
  const lines = [
    ...head.map(commentLine),
    ...requirement,
    ...rules.flatMap((r) => ruleLines(r, '')),
  ]
  return `${lines.join('\n')}\n`
}

function ruleNeeds(rule: Rule): readonly string[] {
  switch (rule.kind) {
    case 'comment':
      return []
    case 'command':
      return rule.needs
    case 'if':
      return [...needsOf(rule.condition), ...rule.body.flatMap(ruleNeeds)]
  }
}

function ruleLines(rule: Rule, indent: string): readonly string[] {
  switch (rule.kind) {
    case 'comment':
      return [`${indent}${commentLine(rule.text)}`.trimEnd()]
    case 'command':
      return [`${indent}${rule.text}`]
    case 'if':
      return [
        `${indent}${rule.isElse ? 'elsif' : 'if'} ${conditionText(rule.condition)} {`,
        ...rule.body.flatMap((each) => ruleLines(each, `${indent}  `)),
        `${indent}}`,
      ]
  }
}

/** One line, whatever stood in the file. */
const commentLine = (text: string) =>
  text === '' ? '' : `# ${text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')}`.trimEnd()
