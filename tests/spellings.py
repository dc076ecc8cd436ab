"""Names of one person in several spellings: in their own script, and as people write them in Latin letters.

Each line is one name: the spellings are separated by `/`, the first one is in the script of the list. Everybody with an
odd number in a list is used to fit the weights, everybody with an even number to report.
"""

from typing import NamedTuple


class Spelled(NamedTuple):
    """A name in its own script, and in Latin letters, the usual spelling first."""

    native: str
    latin: tuple[str, ...]


def _read(text: str) -> list[Spelled]:
    return [Spelled(first, tuple(rest)) for line in text.split(",") for first, *rest in [line.strip().split("/")]]


DEVANAGARI = {
    "female": _read(
        "नेहा/Neha, पूजा/Pooja/Puja, अनिता/Anita/Aneeta, सुनीता/Sunita/Suneeta, प्रिया/Priya, कविता/Kavita/Kavitha,"
        "मीना/Meena/Mina, लक्ष्मी/Lakshmi/Laxmi, गीता/Geeta/Gita, रेखा/Rekha, सीमा/Seema/Sima, दीपिका/Deepika/Dipika,"
        "शांति/Shanti/Shanthi, उर्मिला/Urmila, आरती/Aarti/Arati, ज्योति/Jyoti/Jyothi, सविता/Savita, किरण/Kiran,"
        "मंजू/Manju, रानी/Rani, स्नेहा/Sneha, अंजलि/Anjali, वंदना/Vandana, निशा/Nisha"
    ),
    "male": _read(
        "राजेश/Rajesh, सुनील/Sunil/Suneel, विजय/Vijay/Vijai, अनिल/Anil, संजय/Sanjay/Sanjai, मनोज/Manoj, रमेश/Ramesh,"
        "सुरेश/Suresh, दिनेश/Dinesh, मुकेश/Mukesh, राहुल/Rahul, अमित/Amit, दीपक/Deepak/Dipak, विकास/Vikas, अजय/Ajay,"
        "महेश/Mahesh, नरेश/Naresh, हरीश/Harish, रोहित/Rohit, मोहन/Mohan, कृष्ण/Krishna/Krishnan, गणेश/Ganesh,"
        "प्रकाश/Prakash, अशोक/Ashok"
    ),
    "family": _read(
        "खन्ना/Khanna, शर्मा/Sharma, वर्मा/Verma/Varma, गुप्ता/Gupta, सिंह/Singh, पटेल/Patel, मेहता/Mehta, जोशी/Joshi,"
        "मिश्रा/Mishra/Misra, अग्रवाल/Agrawal/Agarwal, कपूर/Kapoor/Kapur, यादव/Yadav, चौधरी/Chaudhary/Choudhary,"
        "सक्सेना/Saxena/Saksena, भाटिया/Bhatia, मल्होत्रा/Malhotra, त्रिपाठी/Tripathi, पांडे/Pandey/Pande, चोपड़ा/Chopra,"
        "नायर/Nair/Nayar, देसाई/Desai, बनर्जी/Banerjee/Banerji, ठाकुर/Thakur, रस्तोगी/Rastogi"
    ),
}
ARABIC = {
    "female": _read(
        "فاطمة/Fatima/Fatma/Fatimah, عائشة/Aisha/Aysha/Ayesha, مريم/Maryam/Mariam, زينب/Zainab/Zeinab, خديجة/Khadija/Khadijah,"
        "ليلى/Layla/Leila, نور/Noor/Nour/Nur, سلمى/Salma, هند/Hind, أمينة/Amina/Ameena, سعاد/Suad/Souad,"
        "رانيا/Rania, سميرة/Samira/Sameera, حنان/Hanan, نادية/Nadia, منى/Mona/Muna, جميلة/Jamila/Jameela, سارة/Sara/Sarah"
    ),
    "male": _read(
        "محمد/Mohammed/Muhammad/Mohamed/Mohd/Md, أحمد/Ahmed/Ahmad, علي/Ali, حسن/Hassan/Hasan, حسين/Hussein/Husain/Hossain,"
        "عمر/Omar/Umar, نبيل/Nabil/Nabeel, خالد/Khaled/Khalid, يوسف/Yousef/Yusuf/Youssef, إبراهيم/Ibrahim/Ebrahim,"
        "عبد السلام/Abdussalam/Abd el-Salam/Abdul Salam, عبد الرحمن/Abdulrahman/Abd al-Rahman/Abdurrahman, طارق/Tariq/Tarek,"
        "كريم/Karim/Kareem, سعيد/Saeed/Said, مصطفى/Mustafa/Moustafa, جمال/Jamal/Gamal, فيصل/Faisal/Faysal, ماجد/Majid/Maged,"
        "سليمان/Suleiman/Sulayman/Soliman, عبد الله/Abdullah/Abdallah/Abd Allah, رشيد/Rashid/Rasheed"
    ),
    "family": _read(
        "حداد/Haddad, الشريف/El-Sherif/Alsharif/Al Sharif, منصور/Mansour/Mansoor, خوري/Khoury/Khouri, صالح/Saleh/Salih,"
        "نجار/Najjar/Naggar, السيد/El-Sayed/Alsayed/Al Sayyid, عثمان/Osman/Uthman/Othman, المصري/Al-Masri/El Masry/Almasri,"
        "حمدان/Hamdan, قاسم/Qasim/Kassem, درويش/Darwish/Darwiche, الحسيني/Al-Husseini/El Husseiny, زيدان/Zidan/Zaydan,"
        "بكر/Bakr, شاهين/Shahin/Chahine/Shaheen, عباس/Abbas, الخطيب/Al-Khatib/El Khateeb, فاروق/Farouk/Faruq, عيسى/Issa/Eissa"
    ),
}
CYRILLIC = {
    "female": _read(
        "Наталья/Natalya/Natalia, Екатерина/Ekaterina/Yekaterina, Юлия/Yulia/Julia/Iuliia, Ольга/Olga, Татьяна/Tatyana/Tatiana,"
        "Светлана/Svetlana/Swetlana, Ксения/Ksenia/Xenia, Людмила/Lyudmila/Ludmila, Евгения/Evgenia/Yevgenia, Анна/Anna,"
        "Галина/Galina, Дарья/Darya/Daria, Марина/Marina, Вера/Vera, Оксана/Oksana, Жанна/Zhanna/Janna"
    ),
    "male": _read(
        "Дмитрий/Dmitry/Dmitri/Dmitrij, Сергей/Sergey/Sergei, Алексей/Alexey/Aleksei, Андрей/Andrey/Andrei, Юрий/Yuri/Jurij/Iurii,"
        "Николай/Nikolay/Nikolai, Михаил/Mikhail/Michail, Евгений/Evgeny/Yevgeni, Григорий/Grigory/Grigori, Павел/Pavel/Pawel,"
        "Иван/Ivan/Iwan, Фёдор/Fyodor/Fedor, Константин/Konstantin/Constantin, Виктор/Viktor/Victor, Артём/Artyom/Artem, Олег/Oleg"
    ),
    "family": _read(
        "Жуков/Zhukov/Schukow, Чайковский/Tchaikovsky/Chaikovskiy/Tschaikowski, Иванов/Ivanov/Iwanow, Щербаков/Shcherbakov/Scherbakow,"
        "Хрущёв/Khrushchev/Chruschtschow, Соколов/Sokolov/Sokolow, Попов/Popov/Popow, Лебедев/Lebedev/Lebedew, Воробьёв/Vorobyov/Vorobiev,"
        "Яковлев/Yakovlev/Jakowlew, Журавлёв/Zhuravlev/Schurawljow, Волков/Volkov/Wolkow, Зайцев/Zaytsev/Zaitsev/Saizew,"
        "Шевченко/Shevchenko/Schewtschenko, Королёв/Korolev/Koroljow, Цветков/Tsvetkov/Zwetkow"
    ),
}
GREEK = {
    "female": _read(
        "Μαρία/Maria, Ελένη/Eleni, Αικατερίνη/Aikaterini/Ekaterini, Βασιλική/Vasiliki/Basiliki, Σοφία/Sofia/Sophia, Γεωργία/Georgia, Ειρήνη/Eirini/Irini, Χριστίνα/Christina/Hristina"
    ),
    "male": _read(
        "Γιώργος/Giorgos/Yiorgos, Δημήτρης/Dimitris/Demetris, Νίκος/Nikos/Nicos, Παναγιώτης/Panagiotis/Panayiotis, Χρήστος/Christos/Hristos, Ευάγγελος/Evangelos/Evagelos, Θανάσης/Thanasis/Athanasis, Ιωάννης/Ioannis/Yannis"
    ),
    "family": _read(
        "Παπαδόπουλος/Papadopoulos, Γεωργίου/Georgiou, Οικονόμου/Oikonomou/Economou, Χατζηδάκης/Hatzidakis/Chatzidakis, Μπαλτατζής/Baltatzis, Καραγιάννης/Karagiannis/Karayannis, Αγγελόπουλος/Angelopoulos, Ευθυμίου/Efthymiou/Efthimiou"
    ),
}
HEBREW = {
    "female": _read(
        "שרה/Sarah/Sara, רבקה/Rivka/Rebecca, מרים/Miriam, חנה/Hannah/Chana, יעל/Yael, תמר/Tamar, אסתר/Esther/Ester, נועה/Noa/Noah"
    ),
    "male": _read(
        "דוד/David, שלום/Shalom, יצחק/Yitzhak/Itzhak, משה/Moshe, אברהם/Avraham/Abraham, יוסף/Yosef/Joseph, אליהו/Eliyahu, חיים/Haim/Chaim"
    ),
    "family": _read(
        "כהן/Cohen/Kohen, לוי/Levi/Levy, מזרחי/Mizrahi/Mizrachi, פרץ/Peretz/Perets, ביטון/Biton/Bitton, פרידמן/Friedman/Fridman, כץ/Katz, שפירא/Shapira/Shapiro"
    ),
}
CHINESE = {
    "female": _read(
        "静/Jing, 秀英/Xiuying/Xiu Ying, 丽/Li, 敏/Min, 桂兰/Guilan/Gui Lan, 雪梅/Xuemei/Xue-Mei, 娟/Juan, 霞/Xia, 玉兰/Yulan/Yu Lan, 晓红/Xiaohong/Xiao Hong, 婷婷/Tingting/Ting Ting, 海燕/Haiyan"
    ),
    "male": _read(
        "伟/Wei, 强/Qiang, 建国/Jianguo/Jian Guo, 志强/Zhiqiang/Zhi-Qiang, 磊/Lei, 军/Jun, 文华/Wenhua/Wen Hua, 国强/Guoqiang, 海涛/Haitao/Hai Tao, 明/Ming, 小龙/Xiaolong, 浩然/Haoran"
    ),
    "family": _read(
        "徐/Xu, 王/Wang, 李/Li, 张/Zhang, 刘/Liu, 陈/Chen, 杨/Yang, 赵/Zhao, 黄/Huang, 周/Zhou, 吴/Wu, 孙/Sun, 胡/Hu, 朱/Zhu, 高/Gao, 林/Lin, 郭/Guo, 罗/Luo, 梁/Liang, 宋/Song"
    ),
}
KOREAN = {
    "female": _read(
        "영희/Young-hee/Yeonghui/Younghee, 지은/Ji-eun/Jieun, 민지/Minji/Min-ji, 수진/Soo-jin/Sujin, 혜진/Hye-jin/Hyejin, 은정/Eun-jung/Eunjeong, 미경/Mi-kyung/Migyeong, 서연/Seo-yeon/Seoyeon, 현주/Hyun-joo/Hyeonju, 유나/Yoona/Yuna/Yu-na"
    ),
    "male": _read(
        "민수/Min-su/Minsoo/Min Su, 영수/Young-soo/Yeongsu, 철수/Chul-soo/Cheolsu, 정훈/Jung-hoon/Jeonghun, 성민/Sung-min/Seongmin, 준호/Jun-ho/Junho/Joon-ho, 동현/Dong-hyun/Donghyeon, 상우/Sang-woo/Sangu, 재원/Jae-won/Jaewon, 태영/Tae-young/Taeyeong"
    ),
    "family": _read(
        "김/Kim/Gim, 이/Lee/Yi/Rhee, 박/Park/Pak/Bak, 최/Choi/Choe, 정/Jung/Jeong/Chung, 강/Kang/Gang, 조/Cho/Jo, 윤/Yoon/Yun, 임/Lim/Im, 신/Shin/Sin, 문/Moon/Mun, 오/Oh/O"
    ),
}
VIETNAMESE = {
    "female": _read(
        "Thị Thủy/Thi Thuy, Thị Thùy/Thi Thuy, Thị Hương/Thi Huong, Thị Hường/Thi Huong, Thị Lan/Thi Lan, Ngọc Ánh/Ngoc Anh, Thị Mỹ/Thi My, Thị Hạnh/Thi Hanh, Thị Hoà/Thi Hoa, Thu Hà/Thu Ha"
    ),
    "male": _read(
        "Văn Dũng/Van Dung, Văn Dụng/Van Dung, Minh Tuấn/Minh Tuan, Quốc Bảo/Quoc Bao, Văn Hùng/Van Hung, Đức Thắng/Duc Thang, Hữu Nghĩa/Huu Nghia, Thanh Sơn/Thanh Son, Công Vinh/Cong Vinh, Anh Tú/Anh Tu"
    ),
    "family": _read(
        "Nguyễn/Nguyen, Trần/Tran, Lê/Le, Phạm/Pham, Hoàng/Hoang, Vũ/Vu, Đặng/Dang, Bùi/Bui, Đỗ/Do, Ngô/Ngo"
    ),
}
FAMILY_FIRST = ("zh", "ko", "vi")
SCRIPTS = {
    "hi": DEVANAGARI,
    "ar": ARABIC,
    "ru": CYRILLIC,
    "el": GREEK,
    "he": HEBREW,
    "zh": CHINESE,
    "ko": KOREAN,
    "vi": VIETNAMESE,
}

NICKNAMES = _read(
    "William/Bill/Will/Billy, Robert/Bob/Rob/Bobby, Elizabeth/Liz/Beth/Betty, Margaret/Peggy/Maggie, Katherine/Kate/Kathy,"
    "Richard/Dick/Rick, James/Jim/Jimmy, John/Jack/Johnny, Michael/Mike/Mick, Thomas/Tom/Tommy, Patricia/Pat/Trish,"
    "Jennifer/Jen/Jenny, Christopher/Chris, Joseph/Joe, Daniel/Dan/Danny, Anthony/Tony, Samuel/Sam, Edward/Ed/Ted,"
    "Alexander/Alex/Sasha, Francisco/Paco/Pancho, José/Pepe, Guadalupe/Lupe, Dolores/Lola, Johannes/Hans, Susan/Sue/Susie,"
    "Rebecca/Becky, Victoria/Vicky, Theodore/Ted/Theo, Andrew/Andy/Drew, Benjamin/Ben"
)
LIKE_GIVEN = [
    tuple(each.strip().split("/"))
    for each in (
        "Hema/Prema, Ram/Shyam, Sunita/Anita, Anil/Sunil, Mahesh/Ramesh, Suresh/Naresh, Neha/Sneha, Rina/Mina, Lata/Latika,"
        "Hassan/Hussein, Amina/Samina, Ahmed/Hamed, Jamal/Kamal, Anna/Hanna, Jan/Jana, Marie/Maria, Mark/Marc, Tim/Tom,"
        "Julia/Julian, Paul/Paula, Erik/Erika, Nina/Gina, Luis/Luisa, Carlos/Carla, Mario/Marco, Ali/Adil, Rashid/Rashida,"
        "Olga/Olena, Igor/Egor, Pavel/Pavla, Martin/Martina, Daniel/Daniela, Harold/Gerald, Ronald/Donald, Ellen/Helen"
    ).split(",")
]
TITLES = ("Dr.", "Mr.", "Mrs.", "Ms.", "Prof.", "Smt.", "Shri", "Herr", "Frau", "Sra.", "Mme")
