import { describe } from 'vitest'
import { hasDynamoDb, openAws } from '#test/support/emulators/open-test-aws-store.ts'
import { describeTable } from './table.ts'

describe.skipIf(!(await hasDynamoDb()))('DynamoDB Local', () => {
  describeTable('aws', () => openAws(), { slow: true })
})
