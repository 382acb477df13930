import { describe, expect, it } from 'vitest'
import {
  messageNumber,
  messageNumberAndLines,
  nothing,
  optionalMessageNumber,
  optionalText,
  Pop3SyntaxError,
  text,
} from '#services/pop3/arguments.ts'

describe('command arguments', () => {
  it.each([
    [nothing, undefined, undefined],
    [nothing, ' ', undefined],
    [text, ' pass word ', ' pass word '],
    [optionalText, undefined, undefined],
    [optionalText, 'PLAIN ', 'PLAIN'],
    [messageNumber, '1', 1],
    [messageNumber, '007', 7],
    [messageNumber, ' 3 ', 3],
    [messageNumber, '9999999999', 9_999_999_999],
    [optionalMessageNumber, undefined, undefined],
    [optionalMessageNumber, '', undefined],
    [optionalMessageNumber, '5', 5],
    [messageNumberAndLines, '1  0', { number: 1, lines: 0 }],
  ] as const)('%o takes %j', (parse, argument, expected) => {
    expect(parse(argument)).toEqual(expected)
  })

  it.each([
    [nothing, 'x'],
    [text, undefined],
    [text, ''],
    [messageNumber, undefined],
    [messageNumber, ''],
    [messageNumber, '-1'],
    [messageNumber, '+1'],
    [messageNumber, '1.0'],
    [messageNumber, '0x1'],
    [messageNumber, '1e3'],
    [messageNumber, '99999999999'],
    [messageNumber, '1 2'],
    [optionalMessageNumber, 'x'],
    [messageNumberAndLines, '1'],
    [messageNumberAndLines, '1 2 3'],
    [messageNumberAndLines, '1 x'],
  ] as const)('%o refuses %j', (parse, argument) => {
    expect(() => parse(argument)).toThrow(Pop3SyntaxError)
  })
})
