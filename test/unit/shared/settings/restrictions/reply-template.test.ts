// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of Postfix look like those

import { describe, expect, it } from 'vitest'
import { fillTemplate, parseTemplate } from '#shared/settings/restrictions/reply-template.ts'

const values = { rbl_code: '554', rbl_reason: 'spam source', client_name: '' }
const names: ReadonlySet<string> = new Set(Object.keys(values))
const filled = (text: string) => {
  const template = parseTemplate(text, names)
  return template && fillTemplate(template, values)
}

describe('a reply template', () => {
  it.each([
    ['plain text', 'plain text'],
    ['$rbl_code no', '554 no'],
    ['${rbl_code}5 $(rbl_code)', '5545 554'],
    ['$$rbl_code', '$rbl_code'],
    ['no${rbl_reason?; $rbl_reason}', 'no; spam source'],
    ['no${client_name?; $client_name}.', 'no.'],
    ['${client_name:unknown}', 'unknown'],
    ['${rbl_reason:nothing}', ''],
    ['${client_name?{a $client_name}:{b $rbl_code}}', 'b 554'],
    ['${rbl_reason?{a}:{b}}', 'a'],
    ['${rbl_reason?{a}}', 'a'],
    ['${client_name?{a}:b}', 'b'],
    ['${rbl_reason?${client_name:twice}}', 'twice'],
    ['', ''],
  ])('%s becomes %j', (text, expected) => {
    expect(filled(text)).toBe(expected)
  })

  it.each([
    '$nobody_knows',
    '$',
    '${rbl_code',
    '$(rbl_code',
    '${}',
    '${rbl_code!x}',
    '${rbl_code?{a}:$nobody}',
    `${'${rbl_code?'.repeat(7)}x${'}'.repeat(7)}`,
  ])('is not %s', (text) => {
    expect(filled(text)).toBeUndefined()
  })
})
