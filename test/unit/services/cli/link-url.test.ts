import { describe, expect, it } from 'vitest'
import { linkUrl } from '#services/cli/link-url.ts'

describe('the address of a link', () => {
  it.each([
    ['mx.example.org', 'https://mx.example.org/link#s'],
    [
      'https://abc.execute-api.eu-west-1.amazonaws.com',
      'https://abc.execute-api.eu-west-1.amazonaws.com/link#s',
    ],
    ['https://admin.example.org/', 'https://admin.example.org/link#s'],
  ])('of %s is %s', (host, url) => {
    expect(linkUrl(host, 's')).toBe(url)
  })
})
