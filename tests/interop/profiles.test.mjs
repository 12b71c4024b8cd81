// What the CBOR and JSON of the envelope may be: everything else is refused.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import * as cbor from '@blockstream/ecs-js-sdk/cbor'
import * as strictJson from '@blockstream/ecs-js-sdk/strict-json'

import { refuses } from './refusals.mjs'
import { hex } from './vectors.mjs'

describe('the CBOR profile', () => {
  const refused = {
    'a head longer than needed': '1800',
    'a two-byte head longer than needed': '1900ff',
    'a number over 2^53 - 1': '1b0020000000000000',
    'a number under -(2^53 - 1)': '3b001fffffffffffff',
    'an indefinite text': '7f6161ff',
    'an indefinite map': 'bfff',
    'a reserved length': '1c',
    'a boolean': 'f5',
    'a null': 'f6',
    'a half float': 'f93c00',
    'a break alone': 'ff',
    'a text that is not UTF-8': '61ff',
    'keys out of order': 'a202000100',
    'a repeated key': 'a201000100',
    'a bytes key': 'a1410000',
    'seven levels': '81818181818100',
    'thirty-three items': `9820${'00'.repeat(32)}`,
    'a length that is not there': '5bffffffffffffffff',
    'nothing after the tag': 'd2',
  }
  for (const [name, text] of Object.entries(refused)) {
    test(`refuses ${name}`, () => refuses('-1', () => cbor.decode(hex(text))))
  }

  test('reads back what it writes, at every head size', () => {
    const numbers = [
      0,
      23,
      24,
      255,
      256,
      65535,
      65536,
      2 ** 32 - 1,
      2 ** 32,
      Number.MAX_SAFE_INTEGER,
    ]
    for (const number of [...numbers, ...numbers.map((value) => -value || -1)]) {
      assert.equal(cbor.decode(cbor.encode(number)), number)
    }
    for (const length of [0, 23, 24, 255, 256, 65535, 65536]) {
      const value = new cbor.Tag(18, [
        Buffer.alloc(length, 7),
        'é'.repeat(length),
        new Map([[-1, 'a']]),
      ])
      assert.deepEqual(cbor.decode(cbor.encode(value)), value)
    }
    assert.ok(cbor.decode(hex('818181818100')))
    assert.equal(cbor.decode(hex(`981f${'00'.repeat(31)}`)).length, 31)
  })

  test('writes the keys of a map in the order of their bytes', () => {
    const map = new Map([
      ['req', 1],
      [7, 2],
      [-1, 3],
      [24, 4],
      ['a', 5],
    ])
    assert.equal(cbor.encode(map).toString('hex'), 'a50702181804200361610563726571' + '01')
  })
})

describe('the JSON profile', () => {
  const refused = {
    'a mark at the start': '\ufeff{}',
    'a list at the root': '[]',
    nothing: '',
    'a repeated key': '{"a":1,"a":1}',
    'a repeated key by escape': '{"a":1,"\\u0061":1}',
    'a repeated key inside': '{"a":{"b":1,"b":2}}',
    NaN: '{"a":NaN}',
    Infinity: '{"a":-Infinity}',
    'a number that overflows': '{"a":1e400}',
    'an integer over 2^53 - 1': '{"a":9007199254740992}',
    'a lone surrogate': '{"a":"\\ud800"}',
    'a lone surrogate in a key': '{"\\udc00":1}',
    'a control character': '{"a":"\n"}',
    'a leading zero': '{"a":01}',
    'a trailing comma': '{"a":1,}',
    'an unknown escape': '{"a":"\\x41"}',
    'two objects': '{}{}',
    'seventeen levels': `{"a":${'['.repeat(16)}${']'.repeat(16)}}`,
  }
  for (const [name, text] of Object.entries(refused)) {
    test(`refuses ${name}`, () => refuses('-1', () => strictJson.parse(Buffer.from(text))))
  }

  test('reads all else as JSON.parse does', () => {
    const texts = [
      '{}',
      ' { "a" : [ ] , "b" : { } } ',
      '{"a":[1,-0.5,1e3,true,false,null,"\\ud83d\\ude00 \\" \\\\ \\/ \\n ☃"]}',
      '{"constructor":1,"toString":{"a":9007199254740991}}',
      `{"a":${'['.repeat(15)}${']'.repeat(15)}}`,
      `{"a":"${'x'.repeat(500_000)}"}`,
    ]
    for (const text of texts) {
      assert.deepEqual(strictJson.parse(Buffer.from(text)), JSON.parse(text))
    }
    assert.equal(
      Object.getPrototypeOf(strictJson.parse(Buffer.from('{"__proto__":1}'))),
      Object.prototype,
    )
  })
})
