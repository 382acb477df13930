import { describe, expect, it } from 'vitest'
import { type Findings, resultsField } from '#services/authentication/results-field.ts'

const findings: Findings = {
  iprev: { result: 'pass', address: '192.0.2.1', name: 'out.author.test' },
  spf: { result: 'pass', identity: 'mailfrom', domain: 'author.test' },
  dkim: [
    {
      result: 'pass',
      reason: undefined,
      domain: 'author.test',
      identity: '@author.test',
      selector: 's',
      algorithm: 'rsa-sha256',
      start: 'AbC/+d==',
    },
  ],
  ignored: 0,
  dmarc: {
    result: 'pass',
    from: 'author.test',
    policy: 'reject',
    record: {
      domain: 'author.test',
      text: '',
      p: 'reject',
      sp: 'reject',
      np: undefined,
      strictDkim: false,
      strictSpf: false,
      testing: false,
    },
    alignedSpf: true,
    alignedDkim: true,
  },
  arc: { result: 'none', reason: undefined, sets: [], coversFrom: false },
  notJudged: undefined,
}

const [signature] = findings.dkim

// RFC 8601 §2.2, §2.7.
describe('the Authentication-Results field', () => {
  it('tells each result on a line', () => {
    expect(resultsField('mx.example.test', findings).split('\r\n\t')).toEqual([
      'Authentication-Results: mx.example.test;',
      'spf=pass smtp.mailfrom=author.test;',
      'dkim=pass header.d=author.test header.i=@author.test header.s=s header.a=rsa-sha256 header.b="AbC/+d==";',
      'dmarc=pass header.from=author.test policy.dmarc=reject;',
      'arc=none;',
      'iprev=pass (out.author.test) policy.iprev=192.0.2.1\r\n',
    ])
  })

  it('tells HELO of the null sender, no signature, and who sealed', () => {
    const field = resultsField('mx.example.test', {
      ...findings,
      spf: { result: 'none', identity: 'helo', domain: 'out.author.test' },
      dkim: [],
      dmarc: { result: 'permerror', reason: 'no author' },
      arc: {
        result: 'pass',
        reason: undefined,
        sets: [{ sealer: 'a.test', dmarc: undefined }],
        coversFrom: true,
      },
    })
    expect(field).toContain('spf=none smtp.helo=out.author.test;')
    expect(field).toContain('dkim=none;')
    expect(field).toContain('dmarc=permerror (no author);')
    expect(field).toContain('arc=pass (sealed by a.test);')
  })

  it('tells of signatures that were not looked at, and of a header that was not', () => {
    expect(resultsField('mx.example.test', { ...findings, ignored: 990 })).toContain(
      'dkim=neutral (990 not looked at);',
    )
    expect(resultsField('mx.example.test', { ...findings, notJudged: 'too long' })).toContain(
      'dkim=neutral (too long);',
    )
  })

  it.each(['a"b', 'a\r\nX: y', 'a; dmarc=pass', 'a (b', 'a\\', 'gr\xfc\xdfe', 'x'.repeat(10_000)])(
    'lets nobody write into it: %j',
    (evil) => {
      if (signature === undefined) throw new Error('no signature')
      const field = resultsField('mx.example.test', {
        ...findings,
        iprev: { result: 'pass', address: '192.0.2.1', name: evil },
        spf: { result: 'fail', identity: 'mailfrom', domain: evil },
        dkim: [{ ...signature, domain: evil, selector: evil, identity: evil, reason: evil }],
      })
      expect(field).toMatch(/^[\x20-\x7e\r\n\t]+$/)
      const lines = field.trimEnd().split('\r\n')
      expect(lines).toHaveLength(6)
      // RFC 5322 §2.1.1.
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(998)
      const bare = field.replace(/"(?:[^"\\]|\\.)*"/g, '').replace(/\((?:[^()\\]|\\.)*\)/g, '')
      expect(bare.match(/(?<=\s)(?:dmarc|spf|dkim|arc|iprev)=[a-z]+/g)).toHaveLength(5)
    },
  )
})
