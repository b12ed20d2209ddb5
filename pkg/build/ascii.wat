;; Turns the text that ascii.mjs makes of a wasm file into the file again, in place: the text is at the beginning of the memory, the
;; file will be, and its length is returned. In wasm, since nothing else is fast from the first time it runs.
(module
  (memory (export "memory") 1)

  (func (export "decode") (param $length i32) (result i32)
    (local $in i32)
    (local $out i32)
    (local $value i32)
    (loop $next
      (if (i32.lt_u (local.get $in) (local.get $length))
        (then
          (local.set $value (call $symbol (local.get $in)))
          (local.set $in (i32.add (local.get $in) (i32.const 1)))
          ;; 89 and 90 announce a byte of 89 or more: 89 + 91 * (value - 89) + the next symbol.
          (if (i32.gt_u (local.get $value) (i32.const 88))
            (then
              (local.set $value
                (i32.add
                  (i32.sub (i32.mul (local.get $value) (i32.const 91)) (i32.const 8010))
                  (call $symbol (local.get $in))))
              (local.set $in (i32.add (local.get $in) (i32.const 1)))))
          (i32.store8 (local.get $out) (local.get $value))
          (local.set $out (i32.add (local.get $out) (i32.const 1)))
          (br $next))))
    (local.get $out))

  ;; The number of the character at an address among the 91 from "#" to "~", the backslash left out.
  (func $symbol (param $in i32) (result i32)
    (local $character i32)
    (local.set $character (i32.load8_u (local.get $in)))
    (i32.sub
      (i32.sub (local.get $character) (i32.const 35))
      (i32.gt_u (local.get $character) (i32.const 92)))))
