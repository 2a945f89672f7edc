//! AES-128 as HLS uses it: CBC with padding, the vector being the media sequence number.

use aes::Aes128;
use bytes::Bytes;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};
use md5::{Digest as _, Md5};

/// The key that an origin hands out under this number.
pub fn key(number: u64) -> [u8; 16] {
    Md5::digest(format!("key {number}").as_bytes()).into()
}

/// The media in an encrypted segment, or nothing when key or number are wrong.
pub fn decrypt(key: &[u8; 16], number: u64, segment: &[u8]) -> Option<Bytes> {
    opened(key, number.into(), segment)
}

/// The same with a vector of any kind.
pub(crate) fn opened(key: &[u8; 16], vector: u128, segment: &[u8]) -> Option<Bytes> {
    let cipher = cbc::Decryptor::<Aes128>::new(key.into(), &vector.to_be_bytes().into());
    let mut plain = segment.to_vec();
    let length = cipher.decrypt_padded::<Pkcs7>(&mut plain).ok()?.len();
    plain.truncate(length);
    Some(plain.into())
}

pub(super) fn encrypt(key: &[u8; 16], number: u64, segment: &[u8]) -> Bytes {
    let cipher = cbc::Encryptor::<Aes128>::new(key.into(), &vector(number).into());
    let length = segment.len();
    let mut secret = segment.to_vec();
    secret.resize(length / 16 * 16 + 16, 0);
    cipher
        .encrypt_padded::<Pkcs7>(&mut secret, length)
        .expect("the buffer has room for a block of padding");
    secret.into()
}

fn vector(number: u64) -> [u8; 16] {
    u128::from(number).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_encrypted_comes_out_with_the_right_key_and_number_alone() {
        let media = vec![0x47; 188 * 3];
        let secret = encrypt(&key(0), 7, &media);
        assert_eq!(secret.len() % 16, 0);
        assert_eq!(decrypt(&key(0), 7, &secret).as_deref(), Some(&media[..]));
        assert_ne!(decrypt(&key(0), 8, &secret).as_deref(), Some(&media[..]));
        assert_ne!(decrypt(&key(1), 7, &secret).as_deref(), Some(&media[..]));
    }
}
