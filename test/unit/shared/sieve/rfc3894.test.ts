// RFC 3894: copies, beside what else becomes of a message.

import { describe, expect, it } from 'vitest'
import { findings, outcome } from '#test/support/sieve.ts'

describe('§3 :copy', () => {
  it.each([
    ['fileinto "A";', ['fileinto A']],
    ['fileinto :copy "A";', ['fileinto A', 'keep']],
    ['redirect :copy "a@b.example";', ['redirect a@b.example', 'keep']],
    ['fileinto :copy "A"; redirect "a@b.example";', ['fileinto A', 'redirect a@b.example']],
    ['redirect :copy "a@b.example"; discard;', ['redirect a@b.example', 'discard']],
    ['fileinto :copy "A"; keep;', ['fileinto A', 'keep']],
    ['discard; fileinto :copy "A";', ['discard', 'fileinto A']],
  ])('%s', async (script, expected) => {
    expect(await outcome(`require ["copy", "fileinto"]; ${script}`)).toEqual(expected)
  })

  it.each([
    ['redirect :copy "a@b.example";', ':copy needs require "copy"'],
    ['require "copy"; keep :copy;', 'keep has no :copy'],
    ['require "copy"; redirect :copy :copy "a@b.example";', ':copy stands twice'],
  ])('%s is refused', (script, message) => {
    expect(findings(script)).toContain(`line 1: ${message}`)
  })
})
