// What holds data keeps its logical id: another id would be another, empty table, and the old one would be left behind. Change the
// list only together with a plan for moving the data.

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { syntheses } from './syntheses.ts'

const stateful: ReadonlySet<string> = new Set([
  'AWS::CertificateManager::Certificate',
  'AWS::DynamoDB::GlobalTable',
  'AWS::S3::Bucket',
  'AWS::SecretsManager::Secret',
])

const known: { readonly [deployment: string]: { readonly [id: string]: string } } = JSON.parse(
  readFileSync(new URL('stateful-ids.json', import.meta.url), 'utf8'),
)

it.each(syntheses)('keeps the ids of what holds data in %s', (name, { templates: { data } }) => {
  const found = Object.entries(data.Resources).filter(([, { Type }]) => stateful.has(Type))
  expect(Object.fromEntries(found.map(([id, { Type }]) => [id, Type]))).toEqual(known[name])
})

it.each(syntheses)('keeps all data in one stack in %s', (_name, { find }) => {
  for (const type of stateful) {
    for (const { stack, DeletionPolicy, UpdateReplacePolicy } of find(type)) {
      // Of the API's names: nothing of it leaves AWS, and another one is as good.
      if (stack === 'api' && type === 'AWS::CertificateManager::Certificate') continue
      expect({ stack, DeletionPolicy, UpdateReplacePolicy }).toEqual({
        stack: 'data',
        DeletionPolicy: 'Retain',
        UpdateReplacePolicy: 'Retain',
      })
    }
  }
})
