import { createMemoryStore, type MailboxInfo } from '@posthouse/store-api'
import { expect, test } from 'vitest'
import { createParts } from '../src/shared/parts.js'

test('no rights at all are not taken for all rights', async () => {
  const store = createMemoryStore({ autoCreate: true })
  const as = { principal: 'ann' }
  const parts = createParts({ store, own: await store.open('ann'), as, prefixOf: (owner) => [owner], opened() {} })
  parts.show([{ id: '1', rights: '' }, { id: '2', rights: 'lr' }, { id: '3' }] as unknown as MailboxInfo[])
  expect(['1', '2', '3'].map((id) => parts.rights(id))).toEqual(['', 'lr', undefined])
})
