import pytest

from ascend.engine.embedded.masking import Masker
from ascend.engine.embedded.secrets import Crypter, read_passphrase, required
from ascend.engine.embedded.values import secret
from ascend.errors import InputError

#: Made by the official CLI with the passphrase "x".
OFFICIAL_SALT = "v1:FSgfdtg/jUU=:v1:wf6s6z4/llg09Be/:6JKR2VQ/9QQ+pOPevBULGcIocu9pEQ=="
OFFICIAL_SECRET = "v1:NxtcJb1CwxhDNVvw:g3GwuY6xlpwLWA3lXm14zBFQHw=="


@pytest.fixture(scope="module")
def crypter():
    return Crypter.open("x", OFFICIAL_SALT, "the state")


def test_what_the_official_cli_encrypted_is_read(crypter):
    assert crypter.decrypt(OFFICIAL_SECRET) == "zzz"


def test_a_wrong_passphrase_is_told_from_a_damaged_salt():
    with pytest.raises(InputError, match="the state: incorrect passphrase"):
        Crypter.open("y", OFFICIAL_SALT, "the state")
    for salt in ("", "v2:a:b", "v1:!!:x", "v1:FSgfdtg/jUU="):
        with pytest.raises(InputError, match="malformed encryption salt"):
            Crypter.open("x", salt, "the state")


def test_an_unchanged_secret_keeps_its_ciphertext_and_owners_do_not_share_one(crypter):
    first = crypter.encrypt("s", "a")
    assert crypter.encrypt("s", "a") == first
    assert crypter.encrypt("s", "b") != first
    assert crypter.encrypt("s") != crypter.encrypt("s")
    assert crypter.decrypt(OFFICIAL_SECRET, "c") == "zzz"
    assert crypter.encrypt("zzz", "c") == OFFICIAL_SECRET


@pytest.mark.parametrize("text", ["", "v1:a", "v2:a:b", "v1:!:!", OFFICIAL_SECRET[:-4] + "AAA="])
def test_a_damaged_ciphertext_is_refused(crypter, text):
    with pytest.raises(ValueError, match="ciphertext"):
        crypter.decrypt(text)


def test_the_passphrase_comes_from_the_environment_or_a_file(tmp_path):
    file = tmp_path / "phrase"
    file.write_text("from file\n")
    assert read_passphrase({"PULUMI_CONFIG_PASSPHRASE": ""}) == ""
    assert read_passphrase({"PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}) == "from file"
    assert read_passphrase({}) is None
    with pytest.raises(InputError, match="cannot read the passphrase"):
        read_passphrase({"PULUMI_CONFIG_PASSPHRASE_FILE": str(tmp_path / "none")})
    with pytest.raises(InputError, match="up needs a passphrase: set PULUMI_CONFIG_PASSPHRASE"):
        required(None, "up")


def test_known_secrets_are_masked_in_all_their_forms():
    masker = Masker()
    masker.learn({"a": [secret({"b": 'pass"word'})], "key": secret("-----BEGIN KEY-----\nabcdefgh\n-----END KEY-----")})
    for text in ('it is pass"word!', 'json: "pass\\"word"', "line abcdefgh of the key"):
        assert "[secret]" in masker.text(text)
        assert "word" not in masker.text(text)
    assert masker.text("nothing here") == "nothing here"


def test_a_secret_that_contains_another_is_masked_as_a_whole():
    masker = Masker()
    masker.learn([secret("pass"), secret("password1")])
    assert masker.text("password1 pass") == "[secret] [secret]"


def test_very_short_secrets_are_left_since_they_are_everywhere():
    masker = Masker()
    masker.learn(secret("ab"))
    assert masker.text("a cab") == "a cab"
