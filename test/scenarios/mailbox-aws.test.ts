import { describe } from 'vitest'
import { hasDynamoDb, openAws } from '#test/support/emulators/open-test-aws-store.ts'
import { describeMailboxProperties } from './mailbox-properties.ts'

describe.skipIf(!(await hasDynamoDb()))('DynamoDB Local', () => {
  describeMailboxProperties('aws', () => openAws(), { runs: 3, stepsMax: 8, writers: 3 })
})
