import { expect, it } from 'vitest'
import { shippedClients, shippedRecipients } from '#services/policy/greylist/shipped-lists.ts'
import { greylistClients, greylistRecipients } from '#shared/settings/greylist-entries.ts'

it('the lists that are shipped are sound, and say nothing twice', () => {
  expect(greylistClients.parse(shippedClients.join(' '))).toEqual(shippedClients)
  expect(greylistRecipients.parse(shippedRecipients.join(' '))).toEqual(shippedRecipients)
  expect(new Set(shippedClients).size).toBe(shippedClients.length)
})
